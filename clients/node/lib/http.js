"use strict";

const { measure } = require("./measuring.js");
const { reporterOf } = require("./reporter.js");

/** A listener around another: http.createServer(http(listener, options)). It has no routes: the service groups the paths. */
function http(listener, options) {
  if (typeof listener !== "function") throw new TypeError("listener must be a function");
  const reporter = reporterOf(options);
  return function netledger(request, response) {
    const state = measure(reporter, request, response, { address: undefined, route: () => "" });
    const fail = (error) => {
      // What was thrown ends the process, or leaves the client without an answer: it counts now.
      if (!response.writableEnded) {
        state.failed = true;
        state.done?.();
      }
      throw error;
    };
    let result;
    try {
      result = listener.call(this, request, response);
    } catch (error) {
      fail(error);
    }
    // What is rejected is rejected again: the process hears of it as if there were no listener around this one.
    return typeof result?.then === "function" ? result.then(undefined, fail) : result;
  };
}

module.exports = { http };
