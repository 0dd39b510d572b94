// What the compiler must take: each use that README.md shows.

import { createServer } from "node:http";
import express = require("express");
import Koa = require("koa");
import { fastify } from "fastify";
import * as netledger from "../index.js";

const options: netledger.Options = {
  url: "http://127.0.0.1:7373",
  apiKey: "a-key",
  userId: (request) => request.headers["x-user"],
};
const reporter = new netledger.Reporter(options);

express().use(netledger.express(options));
fastify().register(netledger.fastify, options);
fastify().register(netledger.fastify, { reporter });
new Koa().use(netledger.koa(reporter));
createServer(netledger.http((request, response) => void response.end(request.url), { reporter }));

const sent: number = reporter.figures.sent;
reporter.close(sent).then(() => reporter.waiting);

// @ts-expect-error: a key is text
new netledger.Reporter({ apiKey: 7 });
