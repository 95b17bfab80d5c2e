/** Acknowledge, shelve, unshelve: asks for the comment, sends it, and says what came of it. */

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./dom.js";
import { serverNow } from "./session.js";
import { toast } from "./toasts.js";

/** @type {[string, string][]} hours, or until it clears */
const SHELF_TIMES = [
  ["1", "1 h"],
  ["4", "4 h"],
  ["8", "8 h"],
  ["24", "24 h"],
  ["168", "1 week"],
  ["", "until it clears"],
];

/** @param {boolean} required */
function commentField(required) {
  return h("label", { class: "field" }, h("span", { class: "label", text: required ? "Comment" : "Comment (optional)" }), h("textarea", { class: "input", name: "comment", maxlength: "1000", required, autofocus: true, testid: "alarm-comment", placeholder: "What was found, and what is done about it" }));
}

/** @param {any} alarm */
function about(alarm) {
  return h("p", { class: "muted", text: `${alarm.serial_number}: ${alarm.message}` });
}

/**
 * @param {any} alarm
 * @param {string} action
 * @param {object} body
 * @param {string} done what is said where it was applied
 * @returns {Promise<boolean>} whether anything may have changed
 */
async function send(alarm, action, body, done) {
  try {
    const { outcome, reason } = await post(`/api/alarms/${encodeURIComponent(alarm.id)}/${action}`, body);
    if (outcome === "applied") toast(done, "good");
    else if (outcome === "waiting") toast("It is written down, and will be done as soon as the alarms service is back.");
    else toast(`It was refused: ${reason}.`, "bad");
    return true;
  } catch (error) {
    toast(/** @type {Error} */ (error).message, "bad");
    return false;
  }
}

/** @param {any} alarm @returns {Promise<boolean>} */
export async function acknowledge(alarm) {
  const data = await ask({ title: "Acknowledge", body: [about(alarm), commentField(false)], confirm: "Acknowledge", testid: "alarm-confirm" });
  if (data === null) return false;
  return send(alarm, "acknowledge", { comment: String(data.get("comment") ?? "").trim() }, `Acknowledged: ${alarm.serial_number}.`);
}

/** @param {any} alarm @returns {Promise<boolean>} */
export async function shelve(alarm) {
  const time = h("label", { class: "field" }, h("span", { class: "label", text: "For how long" }), h("select", { class: "select", name: "hours" }, SHELF_TIMES.map(([value, text]) => h("option", { value, text }))));
  const hint = h("p", { class: "muted", text: "It goes on being recorded; nobody is told of it." });
  const data = await ask({ title: "Shelve", body: [about(alarm), hint, time, commentField(true)], confirm: "Shelve", testid: "alarm-confirm" });
  if (data === null) return false;
  const hours = String(data.get("hours"));
  const until = hours === "" ? null : Math.round(serverNow() + Number(hours) * 3_600_000);
  return send(alarm, "shelve", { until_ms: until, comment: String(data.get("comment") ?? "").trim() }, `Shelved: ${alarm.serial_number}.`);
}

/** @param {any} alarm @returns {Promise<boolean>} */
export async function unshelve(alarm) {
  const data = await ask({ title: "Take off the shelf", body: [about(alarm), commentField(false)], confirm: "Unshelve", testid: "alarm-confirm" });
  if (data === null) return false;
  return send(alarm, "unshelve", { comment: String(data.get("comment") ?? "").trim() }, `No longer shelved: ${alarm.serial_number}.`);
}
