// One of the applications that the middleware's own tests have, on a port: node shop.cjs FRAMEWORK PORT. Where to report is
// in the environment, as NETLEDGER_URL and NETLEDGER_KEY.
"use strict";

const http = require("node:http");
const { Reporter } = require("../../../clients/node/index.js");
const { APPLICATIONS } = require("../../../clients/node/tests/fixtures/applications.js");

const [framework, port] = process.argv.slice(2);

Promise.resolve(APPLICATIONS[framework](new Reporter())).then((listener) => {
  http.createServer(listener).listen(Number(port), "127.0.0.1");
});
