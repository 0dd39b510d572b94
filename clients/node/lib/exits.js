"use strict";

/** The end of the process: what waits is posted first, within exitTimeout. */

const reporters = new Set();
const SIGNALS = ["SIGTERM", "SIGINT"];

function watchExit(reporter) {
  if (!reporters.size) process.on("beforeExit", closeAll);
  reporters.add(reporter);
  if (!reporter.settings.signals) return;
  for (const signal of SIGNALS) {
    // First in the row: a listener of the application that runs once would be gone from the count below.
    if (!process.listeners(signal).includes(onSignal)) process.prependListener(signal, onSignal);
  }
}

/** A listener takes away what a signal does by itself, which is to end the process: so this one sends it again. */
async function onSignal(signal) {
  const isAlone = process.listenerCount(signal) === 1;
  if (!isAlone) {
    // The application ends the process when it likes, and requests may still come in.
    await Promise.all([...reporters].map((each) => each.flush()));
    return;
  }
  await closeAll();
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}

async function closeAll() {
  const open = [...reporters];
  reporters.clear();
  process.removeListener("beforeExit", closeAll);
  await Promise.all(open.map((each) => each.close()));
}

module.exports = { watchExit };
