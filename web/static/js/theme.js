/** Light, dark or the system's; and the colours for what is drawn on a canvas. */

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";

const CHOICES = /** @type {const} */ (["auto", "light", "dark"]);
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {Set<() => void>} */
const listeners = new Set();

function stored() {
  try {
    const value = localStorage.getItem("theme");
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

/** @type {"auto" | "light" | "dark"} */
let chosen = stored();

function apply() {
  const dark = chosen === "dark" || (chosen === "auto" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  cache.clear();
  for (const listener of listeners) listener();
}

/** @type {Map<string, string>} */
const cache = new Map();

/** @param {string} name of a custom property without its dashes @returns {string} its value in this theme */
export function colour(name) {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

/** @param {number} channel */
export function channelColour(channel) {
  return colour(`channel-${channel % 8}`);
}

/** @param {() => void} listener @returns {() => void} what takes it away again */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @returns {HTMLButtonElement} */
export function themeToggle() {
  const button = h("button", { class: "button quiet icon", type: "button", testid: "theme-toggle" });
  const show = () => {
    const following = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
    const label = `Theme: ${chosen}. Change to ${following}`;
    button.title = label;
    button.setAttribute("aria-label", label);
    fill(button, icon(ICONS[chosen]));
  };
  button.addEventListener("click", () => {
    chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
    try {
      localStorage.setItem("theme", chosen);
    } catch {
      // no storage: it holds until the page is left
    }
    apply();
    show();
  });
  show();
  return button;
}

system.addEventListener("change", apply);
