/** The table of alarms. */

import { fill, h, keyed, say } from "./dom.js";
import { ago, moment } from "./format.js";
import { alarmState, severityMark } from "./marks.js";
import { forOperators } from "./session.js";

const COLUMNS = ["Severity", "Alarm", "Sensor", "State, since"];

export class AlarmTable {
  /** @param {(id: string) => void} choose @param {(alarm: any) => void} acknowledge */
  constructor(choose, acknowledge) {
    this.choosing = choose;
    this.acknowledge = acknowledge;
    this.body = h("tbody");
    this.empty = h("p", { class: "empty", role: "status", text: "Loading…" });
    this.element = h(
      "div",
      {},
      h("table", { class: "table alarms" }, h("caption", { class: "visually-hidden", text: "Alarms, the most severe first" }), h("thead", {}, h("tr", {}, COLUMNS.map((text) => h("th", { scope: "col", text })), h("th", { scope: "col" }, h("span", { class: "visually-hidden", text: "Action" })))), this.body),
      this.empty,
    );
  }

  /** @param {any[]} alarms @param {string} chosen @param {number} now ms */
  show(alarms, chosen, now) {
    this.now = now;
    keyed(this.body, alarms, (one) => one.id, (one) => this.#row(one));
    this.choose(chosen, false);
    this.empty.hidden = alarms.length > 0;
    say(this.empty, "No alarm. Nothing that the rules look for is wrong, or the filters leave nothing.");
  }

  /** @param {string} text */
  fail(text) {
    if (this.body.children.length === 0) say(this.empty, text);
  }

  /** @param {string} id @param {boolean} focus */
  choose(id, focus) {
    for (const row of this.body.children) {
      const isChosen = row.dataset.key === id;
      row.setAttribute("aria-selected", String(isChosen));
      if (!isChosen || !focus) continue;
      row.querySelector("button.message").focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
    }
  }

  /** @param {any} first @returns {any} */
  #row(first) {
    let alarm = first;
    const severity = h("td");
    const message = h("button", { class: "message", type: "button", on: { click: () => this.choosing(alarm.id) } });
    const rule = h("span", { class: "second block" });
    const source = h("span", { class: "second block" });
    const state = h("span", { class: "block nowrap" });
    const since = h("span", { class: "second block" });
    const button = forOperators(h("button", { class: "button small", type: "button", text: "Acknowledge", testid: `alarm-ack-${first.id}`, on: { click: () => this.acknowledge(alarm) } }));
    const row = h(
      "tr",
      { class: "link", testid: `alarm-row-${first.id}` },
      severity,
      h("td", {}, message, rule),
      h("td", {}, h("a", { class: "serial", href: `/sensors/${encodeURIComponent(first.serial_number)}`, text: first.serial_number }), source),
      h("td", {}, state, since),
      h("td", { class: "number" }, button),
    );
    row.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (!(/** @type {Element} */ (event.target).closest("a, button"))) this.choosing(alarm.id);
    });
    let shown = -1;
    row.update = (/** @type {any} */ given) => {
      alarm = given;
      if (given.severity !== shown) fill(severity, severityMark(given.severity));
      shown = given.severity;
      say(message, given.message);
      say(rule, given.occurrences > 1 ? `${given.rule} · ${given.occurrences} times` : given.rule);
      say(source, [given.channel_name, given.target].filter(Boolean).join(" · "));
      say(state, alarmState(given));
      say(since, ago(given.activated_at, this.now ?? Date.now()));
      since.title = moment(given.activated_at);
      row.classList.toggle("fresh", given.state === "ACTIVE_UNACKNOWLEDGED");
      button.hidden = given.acknowledged;
    };
    return row;
  }
}
