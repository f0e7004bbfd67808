// Before the first paint: the colours and the density that were chosen last, so that nothing flashes.
(() => {
  const root = document.documentElement;
  let scheme = null;
  try {
    scheme = localStorage.getItem("tessera.scheme");
    root.dataset.density = localStorage.getItem("tessera.density") || "dense";
  } catch {
    // Storage may be forbidden; the defaults hold.
  }
  const dark = scheme === "dark" || (scheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
