// The switch of colours: light, dark, or as the system has it.

const NAME = "netledger-theme";

export function watchThemes(onChange) {
  const chosen = document.documentElement.dataset.theme || "system";
  for (const input of document.querySelectorAll("input[name=theme]")) {
    input.checked = input.value === chosen;
    input.addEventListener("change", () => choose(input.value, onChange));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}

function choose(theme, onChange) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, theme);
  } catch {
    // It holds until the page is closed.
  }
  onChange();
}
