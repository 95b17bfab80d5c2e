// Before anything is painted: the stored theme, or the system's, so that nothing flashes. A classic script on purpose.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem("theme");
  } catch {
    // no storage (private mode): the system's
  }
  const dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
