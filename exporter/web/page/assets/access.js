// The API key: asked for once, kept for this tab alone, sent as a header with everything that is asked.

const NAME = "netledger-key";
let held = stored();

function stored() {
  try {
    return sessionStorage.getItem(NAME) || "";
  } catch {
    return "";
  }
}

function keep(key) {
  held = key;
  try {
    if (key) sessionStorage.setItem(NAME, key);
    else sessionStorage.removeItem(NAME);
  } catch {
    // It holds until the page is left.
  }
}

export const hasKey = () => held !== "";

export function ask(path, options = {}) {
  const headers = held ? { ...options.headers, "X-API-Key": held } : { ...options.headers };
  return fetch(path, { cache: "no-store", ...options, headers });
}

// The page, not the JSON that /dashboard has for programs with a key.
export const askPage = (path) => ask(path, { headers: { Accept: "text/html" } });

// Ask until a key is right; the page that it opens takes the place of this one.
export async function passGate() {
  const form = document.getElementById("key-form");
  if (hasKey() && (await open(form))) return;
  form.hidden = false;
  form.elements.key.focus();
  await new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      keep(form.elements.key.value.trim());
      if (await open(form)) resolve();
    });
  });
}

async function open(form) {
  const says = document.getElementById("key-error");
  try {
    const answer = await askPage(location.pathname + location.search);
    if (answer.ok) {
      show(await answer.text());
      return true;
    }
    keep("");
    says.textContent = answer.status === 401 ? "This key is wrong. Try another one." : await problemOf(answer);
  } catch {
    says.textContent = "netledger cannot be reached. Try again.";
  }
  form.elements.key.select();
  return false;
}

export async function problemOf(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `netledger answered ${answer.status}`;
  }
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.title = page.title;
  document.body.replaceWith(document.adoptNode(page.body));
}
