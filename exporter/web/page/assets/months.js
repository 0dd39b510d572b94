// From month to month: buttons, arrow keys, and a swipe.

import { refresh } from "./parts.js";

const SWIPE = 48;

export function watchMonths(announce) {
  const section = document.getElementById("month");
  let isBusy = false;

  async function go(side) {
    const link = document.getElementById(`month-${side}`);
    if (isBusy || !link?.dataset.month) return;
    isBusy = true;
    const isShown = await shows(link.dataset.month);
    isBusy = false;
    if (isShown) announce(`${text("#month-title")}: ${text("#month-head .total")}`);
  }

  section.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-month]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.id.replace("month-", ""));
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, select, textarea, .scroll")) return;
    if (event.key === "ArrowLeft") go("before");
    if (event.key === "ArrowRight") go("after");
  });
  watchSwipes(section, go);
}

async function shows(month) {
  try {
    return (await refresh(month)) !== null;
  } catch {
    return false; // the live frames tell that the connection is lost
  }
}

function watchSwipes(section, go) {
  let began = null;
  section.addEventListener("touchstart", ({ touches }) => {
    began = touches.length === 1 ? [touches[0].clientX, touches[0].clientY] : null;
  }, { passive: true });
  section.addEventListener("touchend", ({ changedTouches }) => {
    if (!began) return;
    const [x, y] = [changedTouches[0].clientX - began[0], changedTouches[0].clientY - began[1]];
    began = null;
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) go(x > 0 ? "before" : "after");
  }, { passive: true });
}

function text(selector) {
  return document.querySelector(selector)?.textContent ?? "";
}
