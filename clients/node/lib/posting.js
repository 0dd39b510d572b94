"use strict";

/** One post of a batch: what the service answered, or that it did not. */

const http = require("node:http");
const https = require("node:https");

const MOST_ANSWER = 262_144; // bytes of an answer that are read: it names each row that is refused, at most 2,000
const LONGEST_WAIT = 300_000; // ms that a Retry-After may ask for

class Connection {
  constructor(settings) {
    const { Agent, request } = settings.target.protocol === "https:" ? https : http;
    this._settings = settings;
    this._request = request;
    this._agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this._current = null;
    this._holds = false;
  }

  /** From now on a post keeps the process alive until it is done. */
  hold() {
    this._holds = true;
    this._current?.socket?.ref();
  }

  /** Idle connections are closed, and the post on its way is given up. */
  close() {
    this._current?.destroy();
    this._agent.destroy();
  }

  /**
   * Never rejects. Resolves to {status, wait, refused}: status 0 where there is no answer, wait the ms that Retry-After
   * asks for, refused the number of rows that the answer names.
   */
  post(body) {
    return new Promise((resolve) => {
      const limit = setTimeout(() => sent?.destroy(), this._settings.timeout);
      if (!this._holds) limit.unref();
      const end = (status, wait = 0, refused = 0) => {
        clearTimeout(limit);
        this._current = null;
        resolve({ status, wait, refused });
      };
      const sent = this._send(body, end);
      if (sent) this._current = sent;
    });
  }

  _send(body, end) {
    let sent;
    try {
      sent = this._request(this._settings.target, {
        method: "POST",
        agent: this._agent,
        headers: {
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
          "X-API-Key": this._settings.apiKey,
        },
      });
    } catch {
      end(0);
      return null;
    }
    sent.on("socket", (socket) => (this._holds ? socket.ref() : socket.unref()));
    let isAnswered = false;
    sent.on("error", () => undefined); // "close" comes after it
    sent.on("close", () => isAnswered || end(0));
    sent.on("response", (answer) => {
      isAnswered = true;
      const chunks = [];
      let length = 0;
      answer.on("data", (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST_ANSWER) answer.destroy();
      });
      answer.on("error", () => undefined); // "close" comes after it
      answer.on("close", () => {
        end(answer.statusCode, retryAfter(answer.headers["retry-after"]), refusedRows(Buffer.concat(chunks)));
      });
    });
    sent.end(body);
    return sent;
  }
}

/** Milliseconds of a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(text) {
  if (!text) return 0;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_WAIT) : 0;
}

function refusedRows(body) {
  try {
    const { refused } = JSON.parse(body);
    return Array.isArray(refused) ? refused.length : 0;
  } catch {
    return 0; // the status says what became of the batch
  }
}

module.exports = { Connection, retryAfter };
