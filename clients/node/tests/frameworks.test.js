"use strict";

const assert = require("node:assert");
const net = require("node:net");
const { once } = require("node:events");
const { afterEach, beforeEach, describe, test } = require("node:test");
const { Reporter } = require("../index.js");
const { APPLICATIONS, PAUSE, PIECES, serve } = require("./fixtures/applications.js");
const { Collector } = require("./fixtures/collector.js");

const KEY = "a-key";
const BODY = "x".repeat(70_000); // more than one chunk

for (const [name, application] of Object.entries(APPLICATIONS)) {
  describe(name, () => {
    let collector, reporter, app;

    beforeEach(async () => {
      collector = await new Collector().start();
      reporter = new Reporter({ url: collector.url, apiKey: KEY, userId: (request) => request.headers["x-user"] });
      app = await serve(await application(reporter));
    });

    afterEach(async () => {
      await app.stop();
      await reporter.close();
      await collector.stop();
    });

    /** The event of one request, and its answer. */
    async function ask(path, options = {}) {
      const answer = await fetch(app.url + path, options);
      const text = await answer.text();
      await until(() => reporter.waiting || collector.events.length);
      await reporter.flush();
      assert.equal(reporter.figures.faults, 0);
      return { event: collector.events.at(-1), status: answer.status, text };
    }

    /** The template, which plain http does not have. */
    const template = (route) => (name === "http" ? undefined : route);

    test("an event has the fields of the service, and the template of its route", async () => {
      const before = Date.now();

      const { event, text } = await ask("/users/7?secret=1", {
        headers: { "User-Agent": "tests/1", "X-User": "ada" },
      });

      const { created_at: at, process_time: ms, route, ...others } = event;
      assert.equal(text, "user 7");
      assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(Date.parse(at) >= before && Date.parse(at) <= Date.now());
      assert.ok(ms > 0 && ms < 10_000);
      assert.equal(route, template("/users/:id"));
      assert.deepEqual(others, {
        method: "GET",
        endpoint: "/users/7",
        ip: "127.0.0.1",
        status_code: 200,
        request_bytes: 0,
        response_bytes: 6,
        user_agent: "tests/1",
        user_id: "ada",
      });
      assert.deepEqual([collector.posts[0].key, collector.posts[0].path], [KEY, "/api/requests/track"]);
    });

    test("routes of nested routers are whole", async () => {
      const { event, text } = await ask("/orgs/5/members/ada");

      assert.equal(text, "ada");
      assert.equal(event.route, template("/orgs/:org/members/:member"));
    });

    test("an exception that is not handled is a 500, as the framework answers", async () => {
      const { event, status } = await ask("/boom");

      assert.equal(status, 500);
      assert.deepEqual([event.status_code, event.route], [500, template("/boom")]);
    });

    test("what is not found has its path and no route", async () => {
      const { event, status } = await ask("/missing/9");

      assert.equal(status, 404);
      assert.deepEqual([event.status_code, event.endpoint, event.route], [404, "/missing/9", undefined]);
    });

    test("a stream is measured until its last byte", async () => {
      const { event } = await ask("/stream");

      assert.equal(event.response_bytes, PIECES.join("").length);
      assert.ok(event.process_time >= PIECES.length * PAUSE - 5, `${event.process_time} ms`);
    });

    test("bytes of a body are counted, whether its length is declared or not", async () => {
      const declared = await ask("/upload", { method: "POST", body: BODY, headers: { "Content-Type": "text/x" } });
      const chunks = new ReadableStream({
        start(controller) {
          for (let n = 0; n < 7; n += 1) controller.enqueue(new TextEncoder().encode(BODY.slice(0, 10_000)));
          controller.close();
        },
      });
      const streamed = await ask("/upload", {
        method: "POST",
        body: chunks,
        duplex: "half",
        headers: { "Content-Type": "text/x" },
      });

      assert.deepEqual([declared.text, declared.event.request_bytes], [String(BODY.length), BODY.length]);
      assert.deepEqual([streamed.text, streamed.event.request_bytes], ["70000", 70_000]);
    });

    test("HEAD and answers without a body have no bytes", async () => {
      const head = await ask("/users/7", { method: "HEAD" });
      const empty = await ask("/empty");

      // @koa/router and Express answer HEAD by the route of GET, as Fastify does.
      assert.deepEqual([head.event.method, head.event.status_code, head.event.response_bytes], ["HEAD", 200, 0]);
      assert.deepEqual([empty.event.status_code, empty.event.response_bytes], [204, 0]);
    });

    test("a client that goes away in the middle is counted with what it got", async () => {
      const socket = net.connect(app.port, "127.0.0.1");
      socket.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "data");
      socket.destroy();
      await until(() => reporter.waiting || collector.events.length);
      await reporter.flush();

      const event = collector.events.at(-1);
      assert.equal(event.status_code, 200);
      assert.ok(event.process_time < PIECES.length * PAUSE + 1000);
      assert.equal(collector.events.length, 1);
    });
  });
}

async function until(condition) {
  for (let n = 0; n < 500 && !condition(); n += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(condition());
}

for (const version of ["express 4", "express 5"]) {
  test(`${version}: templates of routers are found whatever their parameters are called for`, async () => {
    const collector = await new Collector().start();
    const reporter = new Reporter({ url: collector.url, apiKey: KEY });
    const app = await serve(APPLICATIONS[version](reporter));
    const cases = {
      "/orgs/5": "/orgs/:org",
      "/orgs/5/members": "/orgs/:org/members",
      "/orgs/5/members/7": "/orgs/:org/members/:member",
      "/orgs/a%20b/members/c%2Fd": "/orgs/:org/members/:member",
      "/orgs/5/members/boom/7": "/orgs/:org/members/boom/:why",
      "/orgs/5/other/7": undefined,
    };

    for (const path of Object.keys(cases)) await (await fetch(app.url + path)).text();
    await app.stop();
    await reporter.close();
    await collector.stop();

    const found = Object.fromEntries(collector.events.map((event) => [event.endpoint, event.route]));
    assert.deepEqual(found, cases);
  });
}

test("koa: an exception after the answer has begun is a 500", async () => {
  const collector = await new Collector().start();
  const reporter = new Reporter({ url: collector.url, apiKey: KEY });
  const app = await serve(APPLICATIONS.koa(reporter));

  await assert.rejects(fetch(`${app.url}/late-boom`).then((answer) => answer.text()));
  await until(() => reporter.waiting || collector.events.length);
  await app.stop();
  await reporter.close();
  await collector.stop();

  assert.deepEqual(
    collector.events.map((event) => [event.route, event.status_code]),
    [["/late-boom", 500]],
  );
});
