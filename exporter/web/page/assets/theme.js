// Before anything is painted: the colours that were chosen the last time.
(() => {
  try {
    const theme = localStorage.getItem("netledger-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden: then the system decides.
  }
})();
