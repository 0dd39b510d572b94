"use strict";

/**
 * What a reporter is made with. Every value is checked here, once: a wrong one is a TypeError that names it and its rule.
 * The address and the key may come from the environment, as NETLEDGER_URL and NETLEDGER_KEY.
 */

const DEFAULT_URL = "http://127.0.0.1:7373";
const TRACK = "/api/requests/track";

const DEFAULTS = {
  batchSize: 500,
  flushInterval: 1000, // ms: what waits for longer is sent though it is no whole batch
  maxQueue: 10_000,
  timeout: 10_000, // ms, of one post
  exitTimeout: 2000, // ms, for what waits when the process ends
};
const MOST = { batchSize: 2000, flushInterval: 3_600_000, maxQueue: 1_000_000, timeout: 600_000, exitTimeout: 600_000 };

function settings(options = {}, environment = process.env) {
  const made = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) {
    if (options[name] !== undefined) made[name] = whole(name, options[name]);
  }
  made.target = target(options.url ?? (environment.NETLEDGER_URL || DEFAULT_URL));
  made.apiKey = key(options.apiKey ?? environment.NETLEDGER_KEY ?? "");
  made.userId = callback("userId", options.userId);
  made.signals = options.signals ?? true;
  if (typeof made.signals !== "boolean") throw new TypeError("signals must be true or false");
  return made;
}

function whole(name, value) {
  if (!Number.isInteger(value) || value < 1 || value > MOST[name]) {
    throw new TypeError(`${name} must be a whole number from 1 to ${MOST[name]}`);
  }
  return value;
}

function target(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("url must be an address such as http://127.0.0.1:7373");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError("url must begin with http:// or https://");
  if (url.search || url.hash || url.username || url.password) {
    throw new TypeError("url must have no user, password, query or fragment");
  }
  url.pathname = url.pathname.replace(/\/+$/, "") + TRACK;
  return url;
}

function key(value) {
  if (typeof value !== "string" || !/^[\x21-\x7e]*$/.test(value)) {
    throw new TypeError("apiKey must be text of visible ASCII characters");
  }
  return value;
}

function callback(name, value) {
  if (value !== undefined && typeof value !== "function") throw new TypeError(`${name} must be a function`);
  return value;
}

module.exports = { settings };
