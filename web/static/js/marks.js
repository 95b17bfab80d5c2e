/** Symbols with words: a sensor's state, an alarm's severity, a command's fate. */

import { h } from "./dom.js";
import { integer, severityName, words } from "./format.js";
import { icon } from "./icons.js";

/** @type {Record<string, string>} */
const STATES = { AWAKE: "awake", ASLEEP: "asleep", OFFLINE: "offline" };

/** @param {string | null | undefined} state AWAKE … → the name of its symbol and tone */
export function stateTone(state) {
  return STATES[state ?? ""] ?? "unknown";
}

/** @param {string | null | undefined} state @returns {HTMLElement} */
export function stateMark(state) {
  const tone = stateTone(state);
  return h("span", { class: `mark tone-${tone}` }, icon(tone, 14), words(tone));
}

/** @param {number} severity @param {boolean} [withNumber] @returns {HTMLElement} */
export function severityMark(severity, withNumber = true) {
  const name = severityName(severity);
  if (name === "none") return h("span", { class: "muted", text: "–", "aria-label": "no alarm" });
  return h("span", { class: `mark tone-${name}` }, icon(name, 14), h("span", { class: "word", text: words(name) }), withNumber ? h("span", { class: "muted", text: integer(severity) }) : null);
}

/** @type {Record<string, string>} */
const FATES = { APPLIED: "ok", DUPLICATE: "ok", REJECTED: "bad", EXPIRED: "bad", UNREACHABLE: "bad", FAILED: "bad" };

/** @param {string} status @returns {HTMLElement} */
export function fateTag(status) {
  return h("span", { class: `tag ${FATES[status] ?? ""}`, text: status });
}

/** @param {{state: string, shelved: boolean, suppressed: boolean}} alarm */
export function alarmState(alarm) {
  const parts = [words(alarm.state).replace(" ", ", ")];
  if (alarm.shelved) parts.push("shelved");
  if (alarm.suppressed) parts.push("suppressed");
  return parts.join(", ");
}
