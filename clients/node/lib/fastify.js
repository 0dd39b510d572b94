"use strict";

const { measure } = require("./measuring.js");
const { reporterOf } = require("./reporter.js");

/** A plugin of Fastify 4 and 5: app.register(fastify, options), before the routes. */
async function fastify(app, options) {
  const reporter = reporterOf(options);
  app.addHook("onRequest", function netledger(request, reply, done) {
    measure(reporter, request.raw, reply.raw, { address: request.ip, route: () => request.routeOptions?.url });
    done();
  });
  app.addHook("onClose", () => reporter.flush());
}

// Without a context of its own, so that its hook is one of all routes (as the package fastify-plugin does it).
fastify[Symbol.for("skip-override")] = true;
fastify[Symbol.for("fastify.display-name")] = "netledger-client";

module.exports = { fastify };
