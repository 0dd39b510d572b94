// Milliseconds that the middleware for Node.js adds to a request, p50: node node_middleware.cjs URL KEY COUNT.
// Requests and answers are Node's own; what they write goes nowhere.
"use strict";

const { IncomingMessage, ServerResponse } = require("node:http");
const { Writable } = require("node:stream");
const netledger = require("../../clients/node/index.js");

const [url, apiKey, count] = process.argv.slice(2);
const REQUESTS_PER_PAUSE = 50; // an application waits now and then: the sender gets its turn

class Nowhere extends Writable {
  remoteAddress = "127.0.0.1";

  _write(chunk, encoding, done) {
    done();
  }
}

function answer(request, response) {
  response.setHeader("Content-Length", 2);
  response.end("hi");
}

function seconds(listener) {
  const socket = new Nowhere();
  const request = new IncomingMessage(socket);
  Object.assign(request, { method: "GET", url: "/items/1", httpVersionMajor: 1, httpVersionMinor: 1 });
  request.headers = { host: "127.0.0.1" };
  return new Promise((resolve) => {
    const began = performance.now();
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.once("finish", () => resolve(performance.now() - began));
    listener(request, response);
  });
}

function median(values) {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

async function main() {
  const reporter = new netledger.Reporter({ url, apiKey, timeout: 2000 });
  const measured = netledger.http(answer, reporter);
  const [bare, added] = [[], []];
  for (let number = 0; number < Number(count); number += 1) {
    bare.push(await seconds(answer));
    added.push(await seconds(measured));
    if (number % REQUESTS_PER_PAUSE === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (reporter.figures.faults) throw new Error("the middleware has had faults");
  console.log(median(added) - median(bare));
  process.exit(0);
}

main();
