"use strict";

/** What is measured of a request: from when it was given to the middleware until the last byte of its answer. */

const { isIP } = require("node:net");

const LONGEST_PATH = 2000;
const LONGEST_TEXT = 255; // characters of a user agent and of a user's id
const NO_ANSWER = 0; // the client closed the connection before an answer began
const WITHOUT_BODY = new Set([204, 304]);

/**
 * Measure a request, and add an event when its answer is complete or the connection is gone. Never throws.
 * `facts` are {address, route}: the client's address, and a function that returns the route's template, or "".
 * Returns an object whose `failed` is set where the application's code threw after its answer had begun, or instead of one.
 */
function measure(reporter, request, response, facts) {
  const state = { failed: false };
  try {
    const began = performance.now();
    const received = countReceived(request);
    const sent = countSent(response);
    const address = addressOf(facts.address) || addressOf(request.socket?.remoteAddress);
    let isDone = false;
    const done = () => {
      if (isDone) return;
      isDone = true;
      try {
        const bytes = { received: received(), sent: sent() };
        reporter.add(eventOf({ reporter, request, response, facts, state, address, bytes, ms: performance.now() - began }));
      } catch (error) {
        reporter.noteFault(error);
      }
    };
    response.once("finish", done);
    response.once("close", done);
    state.done = done;
  } catch (error) {
    reporter.noteFault(error);
  }
  return state;
}

function eventOf({ reporter, request, response, facts, state, address, bytes, ms }) {
  const status = statusOf(response, state);
  const { userId } = reporter.settings;
  const user = userId ? userId(request) : undefined;
  const event = {
    created_at: Date.now(),
    method: request.method,
    endpoint: pathOf(request.originalUrl ?? request.url),
    process_time: Math.round(ms * 1000) / 1000,
    status_code: status,
    request_bytes: bytes.received,
    response_bytes: request.method === "HEAD" || WITHOUT_BODY.has(status) ? 0 : bytes.sent,
  };
  const route = facts.route();
  if (typeof route === "string" && route) event.route = route.slice(0, LONGEST_PATH);
  if (address) event.ip = address;
  const agent = request.headers["user-agent"];
  if (agent) event.user_agent = agent.slice(0, LONGEST_TEXT);
  if (user !== undefined && user !== null && user !== "") event.user_id = String(user).slice(0, LONGEST_TEXT);
  return event;
}

function statusOf(response, state) {
  if (state.failed) return response.statusCode >= 500 ? response.statusCode : 500;
  return response.headersSent ? response.statusCode : NO_ANSWER;
}

/** The path of a request's target, without its query; "/" for a target that has none (RFC 9112, 3.2). */
function pathOf(target) {
  let path = target ?? "/";
  if (!path.startsWith("/")) {
    const authority = path.indexOf("://");
    const slash = authority < 0 ? -1 : path.indexOf("/", authority + 3);
    path = slash < 0 ? "/" : path.slice(slash);
  }
  const end = path.search(/[?#]/);
  return (end < 0 ? path : path.slice(0, end)).slice(0, LONGEST_PATH);
}

/** An address without a zone, IPv4 as such; "" for anything else. */
function addressOf(text) {
  if (typeof text !== "string") return "";
  const plain = text.split("%", 1)[0].replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(plain) ? plain : "";
}

/** A function that returns the body's bytes. They are counted where the parser hands them over: nothing reads the body. */
function countReceived(request) {
  const { headers } = request;
  const declared = Number(headers["content-length"] ?? 0);
  if (!declared && !headers["transfer-encoding"] && request.httpVersionMajor < 2) return () => 0;
  let bytes = request.readableLength ?? 0;
  const { push } = request;
  request.push = function countedPush(chunk, encoding) {
    if (chunk) bytes += chunk.length;
    return push.call(this, chunk, encoding);
  };
  return () => (request.complete && declared > bytes ? declared : bytes);
}

/** A function that returns the bytes of the answer's body, as they go to the connection. */
function countSent(response) {
  let bytes = 0;
  let isEnding = false; // the end of an HTTP/2 answer writes its last chunk by write()
  const add = (chunk, encoding) => {
    if (typeof chunk === "string") bytes += Buffer.byteLength(chunk, typeof encoding === "string" ? encoding : "utf8");
    else if (chunk instanceof Uint8Array) bytes += chunk.byteLength;
  };
  const { write, end } = response;
  response.write = function countedWrite(...given) {
    if (!isEnding) add(given[0], given[1]);
    return write.apply(this, given);
  };
  response.end = function countedEnd(...given) {
    add(given[0], given[1]);
    isEnding = true;
    try {
      return end.apply(this, given);
    } finally {
      isEnding = false;
    }
  };
  return () => bytes;
}

module.exports = { measure, pathOf, addressOf };
