"use strict";

const { express } = require("./lib/express.js");
const { fastify } = require("./lib/fastify.js");
const { http } = require("./lib/http.js");
const { koa } = require("./lib/koa.js");
const { Reporter } = require("./lib/reporter.js");

module.exports = { Reporter, express, fastify, http, koa };
