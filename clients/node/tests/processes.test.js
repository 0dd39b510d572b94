"use strict";

const assert = require("node:assert");
const path = require("node:path");
const { once } = require("node:events");
const { spawn } = require("node:child_process");
const { afterEach, beforeEach, test } = require("node:test");
const { Collector } = require("./fixtures/collector.js");

const PROGRAM = path.join(__dirname, "fixtures", "program.js");
const LONGEST = 20_000; // ms until a test's own process is ended

let collector;
let child;

beforeEach(async () => {
  collector = await new Collector().start();
});

afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await collector.stop();
});

/** Start the program: {line, end}: the next line of its output, and its {code, signal}. */
function start(kind) {
  child = spawn(process.execPath, [PROGRAM, kind, collector.url], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: LONGEST,
    killSignal: "SIGKILL",
  });
  const lines = [];
  let rest = "";
  const waiting = [];
  child.stdout.on("data", (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop();
    lines.push(...parts);
    while (lines.length && waiting.length) waiting.shift()(lines.shift());
  });
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  return {
    line: () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((resolve) => waiting.push(resolve))),
    end: () => ended,
  };
}

async function address(program) {
  return `http://127.0.0.1:${(await program.line()).split(" ")[1]}`;
}

async function ask(url) {
  return (await fetch(url, { headers: { Connection: "close" } })).text();
}

test("the signal that ends a process ends it, after what waits is posted", async () => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const program = start("plain");
    await ask(await address(program));
    const before = collector.events.length;
    child.kill(signal);

    assert.deepEqual(await program.end(), { code: null, signal });
    assert.equal(collector.events.length - before, 1);
  }
});

test("an application that handles the signal itself ends as it likes", async () => {
  const program = start("own-handler");
  await ask(await address(program));
  child.kill("SIGTERM");

  assert.equal(await program.line(), "closed");
  assert.deepEqual(await program.end(), { code: 0, signal: null });
  assert.equal(collector.events.length, 1);
});

test("a process that has nothing more to do posts what waits, and ends", async () => {
  const program = start("ends");
  await ask(await address(program));
  child.kill("SIGUSR2");

  assert.deepEqual(await program.end(), { code: 0, signal: null });
  assert.equal(collector.events.length, 1);
});

test("a service that hangs does not hold the end of a process for longer than its limit", async () => {
  collector.mode = "hanging";
  const program = start("ends");
  await ask(await address(program));
  const began = Date.now();
  child.kill("SIGUSR2");

  assert.deepEqual(await program.end(), { code: 0, signal: null });
  assert.ok(Date.now() - began < 5000);
});

test("each process of a cluster reports its own requests once", async () => {
  const program = start("cluster");
  const addresses = [await address(program), await address(program)];
  const processes = new Set();
  for (let n = 0; n < 10; n += 1) processes.add(await ask(addresses[n % 2]));
  child.kill("SIGTERM");

  await program.end();
  assert.equal(collector.events.length, 10);
  assert.ok(processes.size >= 1);
});

test("what a listener throws or rejects counts as 500, and reaches the process", async () => {
  const program = start("survives");
  const url = await address(program);
  for (const [name, word] of Object.entries({ throw: "thrown", reject: "rejected" })) {
    const given = new AbortController();
    const asked = fetch(`${url}/${name}`, { signal: given.signal }).catch(() => undefined);
    assert.equal(await program.line(), `caught ${word}`);
    given.abort();
    await asked;
  }
  child.kill("SIGTERM");

  await program.end();
  assert.deepEqual(
    collector.events.map((event) => [event.endpoint, event.status_code]),
    [
      ["/throw", 500],
      ["/reject", 500],
    ],
  );
});
