// Set the theme before the page is drawn, and let the switch in the masthead change it.
// Loaded without `defer` on purpose: a later script would let the wrong theme flash.

(() => {
  const KEY = "folkmoot.theme";
  const ORDER = ["system", "light", "dark"];
  const darkWish = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return window.localStorage.getItem(KEY) ?? "system";
    } catch {
      // Storage can be forbidden; the system's wish is then followed.
      return "system";
    }
  }

  function apply(choice) {
    const system = darkWish.matches ? "dark" : "light";
    document.documentElement.dataset.bsTheme = choice === "system" ? system : choice;
    document.documentElement.dataset.themeChoice = choice;
  }

  function announce(choice) {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const text = `Theme: ${choice}`;
      button.setAttribute("aria-label", `${text}. Change theme`);
      button.title = text;
    }
  }

  function change() {
    const choice = ORDER[(ORDER.indexOf(stored()) + 1) % ORDER.length];
    try {
      window.localStorage.setItem(KEY, choice);
    } catch {
      // The choice then lasts for this page only.
    }
    apply(choice);
    announce(choice);
  }

  apply(stored());
  darkWish.addEventListener("change", () => apply(stored()));
  document.addEventListener("DOMContentLoaded", () => announce(stored()));
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-switch]")) change();
  });
})();
