"use strict";

/** A reporter: events wait in a bounded queue and are posted in batches, in the background. */

const { randomUUID } = require("node:crypto");
const { watchExit } = require("./exits.js");
const { Connection } = require("./posting.js");
const { settings } = require("./settings.js");

const FIRST_PAUSE = 1000; // ms before the first repeat; each further one takes twice as long
const LONGEST_PAUSE = 60_000;
const REPEAT_AT_END = 200; // ms between the attempts of a flush
const REPEATABLE = new Set([0, 408, 425, 429, 500, 502, 503, 504]); // of the others the same batch would fail again

class Reporter {
  constructor(options) {
    this.settings = settings(options);
    /** Events in the ledger, given up for want of room, refused by the service; posts that failed; faults of this package. */
    this.figures = { sent: 0, dropped: 0, refused: 0, failedPosts: 0, faults: 0 };
    this._queue = [];
    this._batch = null; // what is posted, and again with the same id until the service has answered
    this._pauses = 0;
    this._timer = null;
    this._wakes = Infinity;
    this._posting = false;
    this._closing = false;
    this._closed = false;
    this._warned = "";
    this._idle = [];
    this._connection = new Connection(this.settings);
    if (!this.settings.apiKey) this._warn("there is no API key, and nothing is reported");
    else watchExit(this);
  }

  /** Events that wait, with those on their way. */
  get waiting() {
    return this._queue.length + (this._batch ? this._batch.count : 0);
  }

  /** Add an event. Never throws and never waits; the oldest that waits is dropped where there is no more room. */
  add(event) {
    if (!this.settings.apiKey) return;
    if (this._closed) {
      this.figures.dropped += 1;
      return;
    }
    if (this.waiting >= this.settings.maxQueue && this._queue.length) {
      // One in twenty at once: an array that loses its first element moves all others.
      const many = Math.max(1, Math.min(this._queue.length, Math.floor(this.settings.maxQueue / 20)));
      this._queue.splice(0, many);
      this.figures.dropped += many;
    }
    this._queue.push(event);
    this._wake(this._queue.length >= this.settings.batchSize ? 0 : this.settings.flushInterval);
  }

  /** Post all that waits; resolves when it is posted, or the time is over (ms). */
  async flush(limit = this.settings.exitTimeout) {
    const began = Date.now();
    while (this.waiting && Date.now() - began < limit) {
      this._wake(0, true);
      await this._nextIdle(began + limit - Date.now());
      if (this._pauses) await pause(Math.min(REPEAT_AT_END, began + limit - Date.now()));
    }
  }

  /** Post all that waits within the time, and end: what is added later is dropped. */
  async close(limit = this.settings.exitTimeout) {
    this._closing = true;
    this._connection.hold();
    await this.flush(limit);
    this._closed = true;
    this.figures.dropped += this.waiting;
    this._queue = [];
    this._batch = null;
    clearTimeout(this._timer);
    this._timer = null;
    this._connection.close();
  }

  /** Count a fault of this package: a request must not hear of it. */
  noteFault(error) {
    this.figures.faults += 1;
    this._warn(`a request could not be reported: ${error?.message}`);
  }

  /** Post within so many ms; a pause after a failure is kept, unless `now`. */
  _wake(wait, now = false) {
    if (this._posting || (this._pauses && this._timer && !now)) return;
    const wakes = Date.now() + wait;
    if (this._timer && this._wakes <= wakes && !now) return;
    this._schedule(wait);
  }

  _schedule(wait) {
    clearTimeout(this._timer);
    this._wakes = Date.now() + wait;
    this._timer = setTimeout(() => {
      this._timer = null;
      this._post().catch((error) => this.noteFault(error));
    }, wait);
    if (!this._closing) this._timer.unref();
  }

  async _post() {
    if (this._posting || !this.waiting) return;
    this._posting = true;
    try {
      this._batch ??= this._take();
      const answer = await this._connection.post(this._batch.body);
      if (this._batch) this._judge(answer);
    } finally {
      this._posting = false;
      for (const each of this._idle.splice(0)) each();
    }
  }

  _take() {
    const events = this._queue.splice(0, this.settings.batchSize);
    const body = JSON.stringify({ id: randomUUID(), events: events.map(row) });
    return { body, count: events.length };
  }

  _judge({ status, wait, refused }) {
    if (REPEATABLE.has(status)) {
      this.figures.failedPosts += 1;
      this._warn(status ? `the service answers ${status}` : "the service does not answer");
      const longest = Math.min(FIRST_PAUSE * 2 ** this._pauses, LONGEST_PAUSE);
      this._pauses = Math.min(this._pauses + 1, 16);
      this._schedule(Math.max(longest * (0.5 + Math.random() / 2), wait));
      return;
    }
    if (status >= 200 && status < 300) {
      const lost = Math.min(refused, this._batch.count);
      this.figures.sent += this._batch.count - lost;
      this.figures.refused += lost;
      this._warned = "";
    } else {
      this.figures.refused += this._batch.count;
      this._warn(`the service refuses what is reported: it answers ${status}`);
    }
    this._batch = null;
    this._pauses = 0;
    if (this._queue.length) this._schedule(this._queue.length >= this.settings.batchSize ? 0 : this.settings.flushInterval);
  }

  _nextIdle(limit) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(limit, 0));
      this._idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** The first of a row of equal problems is a warning of the process. */
  _warn(problem) {
    if (problem === this._warned) return;
    this._warned = problem;
    process.emitWarning(`netledger-client: ${problem}`, "NetledgerWarning");
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}

/** An event as the service takes it. */
function row(event) {
  return { ...event, created_at: new Date(event.created_at).toISOString() };
}

/** A reporter as it is, that of options, or one made of them. */
function reporterOf(given) {
  const found = given?.reporter ?? given;
  return found instanceof Reporter ? found : new Reporter(found);
}

module.exports = { Reporter, reporterOf };
