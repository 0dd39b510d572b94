"use strict";

const assert = require("node:assert");
const { afterEach, beforeEach, test } = require("node:test");
const { Reporter, express } = require("../index.js");
const { Collector, freePort } = require("./fixtures/collector.js");
const { addressOf, pathOf } = require("../lib/measuring.js");
const { retryAfter } = require("../lib/posting.js");
const { settings } = require("../lib/settings.js");

let collector;
const made = [];

beforeEach(async () => {
  collector = await new Collector().start();
});

afterEach(async () => {
  await Promise.all(made.splice(0).map((each) => each.close(1)));
  await collector.stop();
});

function reporterOf(options = {}) {
  const reporter = new Reporter({ url: collector.url, apiKey: "a-key", signals: false, ...options });
  made.push(reporter);
  return reporter;
}

/** So many events, numbered by their path. */
function add(reporter, many, first = 0) {
  for (let n = first; n < first + many; n += 1) {
    reporter.add({ created_at: 0, method: "GET", endpoint: `/${n}`, process_time: 1, status_code: 200 });
  }
}

function paths() {
  return collector.events.map((event) => Number(event.endpoint.slice(1)));
}

function range(first, end) {
  return Array.from({ length: end - first }, (_, n) => first + n);
}

test("a batch has at most 500 events, an id of its own, and keeps the connection", async () => {
  const reporter = reporterOf();

  add(reporter, 1234);
  await reporter.flush();

  assert.deepEqual(
    collector.posts.map((post) => post.events.length),
    [500, 500, 234],
  );
  assert.deepEqual(paths(), range(0, 1234));
  assert.equal(new Set(collector.posts.map((post) => post.id)).size, 3);
  assert.match(collector.posts[0].id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(new Set(collector.posts.map((post) => post.port)).size, 1);
  assert.deepEqual(reporter.figures, { sent: 1234, dropped: 0, refused: 0, failedPosts: 0, faults: 0 });
});

test("what waits is posted after a while, without a call", async () => {
  add(reporterOf({ flushInterval: 20 }), 3);

  await collector.until(() => collector.posts.length);

  assert.deepEqual(paths(), [0, 1, 2]);
});

for (const mode of ["cut", "broken"]) {
  test(`a batch whose answer is lost or asks for it comes again with the same id (${mode})`, async () => {
    const reporter = reporterOf();
    collector.mode = mode;
    add(reporter, 5);
    const flushed = reporter.flush(10_000);
    await collector.until(() => collector.posts.length === 2);
    collector.mode = "up";
    await flushed;

    assert.equal(new Set(collector.posts.map((post) => post.id)).size, 1);
    assert.equal(reporter.figures.sent, 5);
    assert.ok(reporter.figures.failedPosts >= 2);
  });
}

test("a pause that the service asks for is kept", async () => {
  const reporter = reporterOf({ flushInterval: 1 });
  collector.mode = "busy";
  add(reporter, 1);
  await collector.until(() => collector.posts.length === 1);
  collector.mode = "up";
  add(reporter, 1, 1);
  await collector.until(() => paths().length === 2);

  const [first, second] = collector.posts;
  assert.equal(first.id, second.id);
  assert.ok(second.at - first.at >= 950, `${second.at - first.at} ms`);
});

test("rows that the service refuses are counted, and not sent again", async () => {
  const reporter = reporterOf();
  collector.mode = "picky";
  add(reporter, 5);
  await reporter.flush();

  assert.equal(collector.posts.length, 1);
  assert.deepEqual([reporter.figures.sent, reporter.figures.refused], [4, 1]);
});

test("a batch that is refused is given up, with a count and a warning", async () => {
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const reporter = reporterOf();
  collector.mode = "refusing";
  add(reporter, 7);
  await reporter.flush();

  assert.equal(collector.posts.length, 1);
  assert.deepEqual([reporter.figures.refused, reporter.waiting], [7, 0]);
  assert.match((await warned).message, /answers 401/);
});

test("the oldest are dropped and counted where there is no room", async () => {
  const port = await freePort();
  const reporter = reporterOf({ url: `http://127.0.0.1:${port}`, maxQueue: 1000, batchSize: 100 });

  add(reporter, 5000);

  assert.ok(reporter.waiting <= 1000);
  assert.equal(reporter.figures.dropped + reporter.waiting, 5000);
  assert.equal(reporter._queue.at(-1).endpoint, "/4999");
});

test("a service that hangs is given up in time, and the batch is not lost", async () => {
  const reporter = reporterOf({ timeout: 50 });
  collector.mode = "hanging";
  add(reporter, 2);
  const flushed = reporter.flush(10_000);
  await collector.until(() => collector.posts.length === 2);
  collector.mode = "up";
  await flushed;

  assert.deepEqual([reporter.figures.sent, reporter.waiting], [2, 0]);
});

test("after the end nothing is taken", async () => {
  const reporter = reporterOf();
  add(reporter, 1);
  await reporter.close();
  add(reporter, 1);

  assert.deepEqual([reporter.figures.sent, reporter.figures.dropped, reporter.waiting], [1, 1, 0]);
});

test("without a key nothing is reported, and a request goes on", async () => {
  const reporter = reporterOf({ apiKey: "" });
  add(reporter, 1);

  assert.equal(reporter.waiting, 0);
});

test("a fault of the measuring is counted, and the request goes on", () => {
  const reporter = reporterOf();
  let isNext = false;
  express(reporter)({ headers: {} }, {}, () => {
    isNext = true;
  });

  assert.deepEqual([reporter.figures.faults, isNext], [1, true]);
});

test("a setting that is wrong is named with its rule", () => {
  const cases = [
    [{ url: "nowhere" }, /url must be an address/],
    [{ url: "ftp://x" }, /url must begin with http/],
    [{ url: "http://a:b@x/" }, /url must have no user/],
    [{ apiKey: "a\r\nb" }, /apiKey must be text of visible ASCII/],
    [{ maxQueue: 0 }, /maxQueue must be a whole number from 1/],
    [{ batchSize: 2001 }, /batchSize must be a whole number from 1 to 2000/],
    [{ userId: "x" }, /userId must be a function/],
    [{ signals: 1 }, /signals must be true or false/],
  ];

  for (const [options, message] of cases) assert.throws(() => settings(options, {}), message);
});

test("address and key come from the environment, too", () => {
  const { target, apiKey } = settings({}, { NETLEDGER_URL: "https://x/base/", NETLEDGER_KEY: "k" });

  assert.deepEqual([target.href, apiKey], ["https://x/base/api/requests/track", "k"]);
  assert.equal(settings({}, {}).target.href, "http://127.0.0.1:7373/api/requests/track");
});

test("paths have no query, and addresses no zone", () => {
  const targets = ["/a?b=/c", "http://x/y?z", "http://x", "*", "/a#b", "x:443", `/${"a".repeat(3000)}`];

  assert.deepEqual(targets.map(pathOf), ["/a", "/y", "/", "/", "/a", "/", `/${"a".repeat(1999)}`]);
  assert.deepEqual(["::ffff:1.2.3.4", "fe80::1%eth0", "::1", "unknown", undefined].map(addressOf), [
    "1.2.3.4",
    "fe80::1",
    "::1",
    "",
    "",
  ]);
});

test("Retry-After is seconds or a date, and bounded", () => {
  const soon = new Date(Date.now() + 10_000).toUTCString();

  assert.deepEqual(["2", "999999999", "-1", "x", undefined].map(retryAfter), [2000, 300_000, 0, 0, 0]);
  assert.ok(Math.abs(retryAfter(soon) - 9500) <= 1000);
});
