// The live page: its numbers move with the frames, its parts are made anew now and then.

import { passGate } from "./access.js";
import { SpeedChart } from "./chart.js";
import { watchDownloads } from "./downloads.js";
import { listen } from "./live.js";
import { watchMonths } from "./months.js";
import { refresh } from "./parts.js";
import { watchThemes } from "./themes.js";

const REFRESH_MS = 60_000;
const LEAST_PAUSE_MS = 3000;
// The field of a frame that each meter fills, and the attribute that names its rows.
const METERS = { interfaces: "interface", applications: "application", requests: "service" };

if (document.getElementById("gate")) await passGate();
start();

function start() {
  const zone = document.getElementById("main").dataset.zone;
  const chart = new SpeedChart(document.getElementById("chart"), zone);
  const notice = noticeBoard();
  const state = { layout: null, day: null, shown: Date.now(), refreshed: Date.now(), lost: null, frames: 0 };

  async function renew() {
    if (document.hidden || Date.now() - state.refreshed < LEAST_PAUSE_MS) return;
    state.refreshed = Date.now();
    const page = await refresh().catch(() => null);
    if (page) chart.merge(JSON.parse(page.getElementById("chart").dataset.history));
  }

  function onFrame(frame) {
    if (state.lost) notice.hide();
    state.lost = null;
    state.shown = Date.now();
    chart.add(frame);
    showTexts(frame);
    showState(frame.state, frame.says);
    showProblems(frame.problems);
    if (state.layout !== null && (state.layout !== frame.layout || state.day !== frame.day)) renew();
    state.layout = frame.layout;
    state.day = frame.day;
    state.frames += 1;
    document.documentElement.dataset.frames = state.frames; // a test sees that frames arrive
  }

  function tellLost() {
    if (!state.lost || document.hidden) return;
    const age = Math.round((Date.now() - state.shown) / 1000);
    const rest = Math.max(Math.ceil((state.lost.retryAt - Date.now()) / 1000), 0);
    showState("lost", `Connection lost: shown is ${age} s old`);
    notice.show(`${sentence(state.lost.reason)} What you see is ${age} s old. ${rest ? `Trying again in ${rest} s.` : "Trying again."}`);
  }

  listen({
    onFrame,
    onBack: renew,
    onLost: (lost) => {
      state.lost = lost;
      tellLost();
    },
  });
  setInterval(tellLost, 1000);
  setInterval(renew, REFRESH_MS);
  watchThemes(() => chart.redraw());
  watchMonths(notice.whisper);
  watchDownloads(notice.show);
}

function showTexts(frame) {
  for (const element of document.querySelectorAll("[data-live]")) {
    const text = frame.texts[element.dataset.live];
    if (text !== undefined) showAmount(element, text);
  }
  for (const [field, key] of Object.entries(METERS)) {
    for (const row of document.querySelectorAll(`[data-${key}]`)) {
      const name = row.dataset[key];
      const idle = row.dataset.idle;
      // A program may be called "constructor": only what the frame itself has is its row.
      const cells = Object.hasOwn(frame[field], name) ? frame[field][name] : idle && [idle, idle];
      if (cells) for (const cell of row.querySelectorAll("[data-cell]")) showText(cell, cells[cell.dataset.cell]);
    }
  }
}

function showAmount(element, text) {
  const [value, unit] = [element.querySelector(".value"), element.querySelector(".unit")];
  if (!value) return showText(element, text);
  const place = text.lastIndexOf(" ");
  showText(value, text.slice(0, place));
  return showText(unit, text.slice(place + 1));
}

function showText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showState(name, says) {
  const state = document.getElementById("state");
  if (state.dataset.state !== name) state.dataset.state = name;
  showText(document.getElementById("says"), says);
}

function showProblems(problems) {
  const list = document.getElementById("problems");
  const shown = [...list.children].map((item) => item.textContent);
  const due = problems.length ? problems : ["All is well: every byte is counted and posted."];
  if (due.length === shown.length && due.every((text, number) => text === shown[number])) return;
  list.replaceChildren(...due.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    item.className = problems.length ? "" : "well";
    return item;
  }));
}

function noticeBoard() {
  const notice = document.getElementById("notice");
  const whispered = document.getElementById("whispered");
  return {
    show(text) {
      notice.hidden = false;
      showText(notice, text);
    },
    hide() {
      notice.hidden = true;
    },
    whisper(text) {
      showText(whispered, text);
    },
  };
}

function sentence(text) {
  const plain = /fetch|network|abort/i.test(text) ? "netledger cannot be reached." : text;
  return plain.endsWith(".") ? plain : `${plain}.`;
}
