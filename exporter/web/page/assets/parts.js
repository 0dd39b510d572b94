// The page made anew by the server, part by part: what the ledger says changes seldom, and is fetched seldom.

import { askPage } from "./access.js";

const hosts = new URLSearchParams(location.search).get("hosts");
let month = new URLSearchParams(location.search).get("month");

// Fetch the page again, of another month if one is given, and replace what has changed.
export async function refresh(chosen = month) {
  const query = queryOf(chosen);
  const answer = await askPage(`dashboard${query}`);
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // The last month is not kept as a choice: the page goes on to the next one when it begins.
  month = page.querySelector("#month-after[data-month]") ? chosen : null;
  history.replaceState(null, "", queryOf(month) || location.pathname);
  for (const part of document.querySelectorAll("[data-part]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && fresh.innerHTML !== part.innerHTML) replace(part, fresh);
  }
  return page;
}

function queryOf(chosen) {
  const parts = Object.entries({ month: chosen, hosts }).filter(([, value]) => value);
  return parts.length ? `?${new URLSearchParams(parts)}` : "";
}

// Replaces the contents, and keeps focus, what is open and the scroll position.
function replace(part, fresh) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = part.querySelector(".scroll")?.scrollTop ?? 0;
  const isOpen = part.querySelector("details")?.open ?? false;
  part.replaceChildren(...document.adoptNode(fresh).childNodes);
  if (isOpen) part.querySelector("details")?.setAttribute("open", "");
  if (scrolled) part.querySelector(".scroll").scrollTop = scrolled;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
