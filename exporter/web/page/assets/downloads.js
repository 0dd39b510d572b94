// With a key, a plain link would be refused: what it leads to is fetched with the key, and saved or shown here.

import { ask, hasKey, problemOf } from "./access.js";

export function watchDownloads(say) {
  if (!hasKey()) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]:not([href^='#'], [data-month])");
    if (!link || link.origin !== location.origin) return;
    event.preventDefault();
    get(link.getAttribute("href"), say);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.method === "dialog") return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.target, event.submitter));
    const action = event.submitter?.getAttribute("formaction") ?? event.target.getAttribute("action");
    get(`${action}?${query}`, say);
  });
}

async function get(path, say) {
  try {
    const answer = await ask(path);
    if (!answer.ok) return say(await problemOf(answer));
    return isFile(answer, path) ? save(answer, path) : show(answer, path);
  } catch {
    return say("netledger cannot be reached. Try again.");
  }
}

// Reports bring styles of their own, which this page may not have: they are for a window of their own.
function isFile(answer, path) {
  return answer.headers.has("Content-Disposition") || /^(api\/export|reports\/)/.test(path);
}

async function save(answer, path) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = nameOf(answer, path);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function show(answer, path) {
  const dialog = document.getElementById("shown");
  const isPage = (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
  const text = await answer.text();
  dialog.querySelector("h2").textContent = path;
  dialog.querySelector(".scroll").replaceChildren(...(isPage ? contentOf(text) : [plain(text)]));
  dialog.showModal();
}

function contentOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return document.adoptNode(page.querySelector("main") ?? page.body).childNodes;
}

function plain(text) {
  const element = document.createElement("pre");
  element.textContent = text;
  return element;
}

function nameOf(answer, path) {
  const header = answer.headers.get("Content-Disposition") ?? "";
  const exact = /filename\*=UTF-8''([^;]+)/.exec(header);
  const plain = /filename="([^"]+)"/.exec(header);
  if (exact) return decodeURIComponent(exact[1]);
  return plain ? plain[1] : path.split("?")[0].split("/").pop() || "netledger";
}
