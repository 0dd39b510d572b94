// Frames as they come: server-sent events read with fetch, since only fetch can send the key.

import { ask, problemOf } from "./access.js";

const SILENCE_MS = 5000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;
const LONGEST_EVENT = 1 << 20;

// Calls onFrame for each frame, onLost({reason, retryAt}) while there is none, onBack when frames come again.
export function listen({ onFrame, onLost, onBack }) {
  let stop = null;
  let wait = FIRST_WAIT_MS;
  let timer = 0;
  let wasLost = false;

  function received(frame) {
    wait = FIRST_WAIT_MS;
    onFrame(frame);
    if (wasLost) onBack();
    wasLost = false;
  }

  async function connect() {
    const here = new AbortController();
    stop = here;
    try {
      await read(here, received);
      throw new Error("netledger has ended the connection");
    } catch (error) {
      if (stop !== here) return; // paused: the tab is hidden
      stop = null;
      wasLost = true;
      const pause = wait * (0.8 + 0.4 * Math.random());
      onLost({ reason: error.message, retryAt: Date.now() + pause });
      timer = setTimeout(connect, pause);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  function pause() {
    clearTimeout(timer);
    const here = stop;
    stop = null;
    if (here) here.abort();
  }

  document.addEventListener("visibilitychange", () => {
    pause();
    if (document.hidden) return;
    wasLost = true; // what was missed meanwhile is fetched as after a lost connection
    connect();
  });
  addEventListener("pagehide", pause);
  addEventListener("online", () => {
    if (stop) return;
    pause();
    connect();
  });
  if (!document.hidden) connect();
}

async function read(here, received) {
  let watchdog = setTimeout(() => here.abort(), SILENCE_MS);
  try {
    const answer = await ask("api/live/stream", { signal: here.signal });
    if (!answer.ok) throw new Error(await problemOf(answer));
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => here.abort(), SILENCE_MS);
      text += decoder.decode(value, { stream: true });
      const events = text.split("\n\n");
      text = events.pop();
      if (text.length > LONGEST_EVENT) throw new Error("netledger sent what cannot be read");
      for (const event of events) {
        const data = dataOf(event);
        if (data) received(JSON.parse(data));
      }
    }
  } finally {
    clearTimeout(watchdog);
    here.abort();
  }
}

function dataOf(event) {
  return event
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice(6))
    .join("\n");
}
