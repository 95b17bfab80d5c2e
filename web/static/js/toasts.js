/** What came of something, said once: on screen for a while, and by screen readers. */

import { h, say } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;
const MOST = 4;

/** @param {string} text said by screen readers only */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer !== null) say(announcer, text);
}

/**
 * @param {string} text a sentence
 * @param {"good" | "bad" | "plain"} [tone] bad ones stay until they are closed
 */
export function toast(text, tone = "plain") {
  const host = document.getElementById("toasts");
  if (host === null) return;
  const names = { good: "check", bad: "warning", plain: "help" };
  const close = h("button", { type: "button", "aria-label": "Close", on: { click: () => box.remove() } }, icon("close", 14));
  const box = h("div", { class: `toast ${tone}`, role: tone === "bad" ? "alert" : "status" }, icon(names[tone]), h("p", { text }), close);
  host.append(box);
  while (host.children.length > MOST) host.firstElementChild?.remove();
  if (tone !== "bad") setTimeout(() => box.remove(), SHOWN_MS);
}
