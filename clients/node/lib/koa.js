"use strict";

const { measure } = require("./measuring.js");
const { reporterOf } = require("./reporter.js");

/** A middleware of Koa: app.use(koa(options)), before all others. */
function koa(options) {
  const reporter = reporterOf(options);
  return async function netledger(context, next) {
    const state = measure(reporter, context.req, context.res, {
      address: context.ip,
      route: () => context._matchedRoute, // set by @koa/router
    });
    try {
      await next();
    } catch (error) {
      state.failed = context.res.headersSent; // before that, Koa answers as the error's status says
      throw error;
    }
  };
}

module.exports = { koa };
