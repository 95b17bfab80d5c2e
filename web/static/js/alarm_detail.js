/** One alarm: what it is, what happened to it, and what it was judged by. */

import { get } from "./api.js";
import { acknowledge, shelve, unshelve } from "./alarm_actions.js";
import { EvidenceSpectrum, lines } from "./evidence.js";
import { fill, h, say } from "./dom.js";
import { age, integer, moment, momentShort, number, words } from "./format.js";
import { alarmState, severityMark } from "./marks.js";
import { forOperators, serverNow } from "./session.js";

export class AlarmDetail {
  #id = "";
  #version = "";
  /** @type {EvidenceSpectrum | null} */
  #spectrum = null;

  /** @param {() => void} changed @param {() => void} closed */
  constructor(changed, closed) {
    this.changed = changed;
    this.body = h("div", { class: "body" });
    const close = h("button", { class: "button quiet small", type: "button", text: "Close", on: { click: closed } });
    this.element = h("section", { class: "panel alarm-detail", "aria-label": "Alarm", hidden: true }, h("header", {}, h("h2", { text: "Alarm" }), h("span", { class: "spacer" }), close), this.body);
  }

  dispose() {
    this.#spectrum?.dispose();
  }

  hide() {
    this.#id = "";
    this.element.hidden = true;
  }

  /** @param {string} id @param {AbortSignal} [signal] */
  async show(id, signal) {
    if (id !== this.#id) {
      this.#version = "";
      fill(this.body, h("p", { class: "muted", text: "Loading…" }));
    }
    this.#id = id;
    this.element.hidden = false;
    try {
      const answer = await get(`/api/alarms/${encodeURIComponent(id)}`, {}, signal);
      if (this.#id === id) this.#fill(answer);
    } catch (error) {
      if (this.#id === id && this.#version === "") fill(this.body, h("p", { class: "error-text", text: /** @type {Error} */ (error).message }));
    }
  }

  /** @param {any} answer rebuilt only where something has happened, so that focus and scrolling stay */
  #fill(answer) {
    const { alarm, transitions } = answer;
    const now = serverNow();
    const version = JSON.stringify([alarm, transitions.length]);
    if (version === this.#version) return;
    this.#version = version;
    this.#spectrum?.dispose();
    this.#spectrum = null;
    const judged = [...transitions].reverse().find((one) => one.evidence && Object.keys(one.evidence).length > 0);
    fill(
      this.body,
      h("p", { class: "alarm-message", text: alarm.message }),
      h("div", { class: "inline marks" }, severityMark(alarm.severity), h("span", { text: alarmState(alarm) })),
      this.#buttons(alarm),
      facts(alarm, now),
      judged ? this.#evidence(judged) : null,
      h("h3", { text: "What happened" }),
      h("ol", { class: "timeline" }, [...transitions].reverse().map((one) => transition(one, now))),
    );
  }

  /** @param {any} alarm */
  #buttons(alarm) {
    const does = (/** @type {(alarm: any) => Promise<boolean>} */ action) => async () => {
      if (await action(alarm)) this.changed();
    };
    const button = (/** @type {string} */ text, /** @type {(alarm: any) => Promise<boolean>} */ action, primary = false) =>
      forOperators(h("button", { class: primary ? "button primary small" : "button small", type: "button", text, on: { click: does(action) } }));
    return h(
      "div",
      { class: "inline actions" },
      !alarm.acknowledged ? button("Acknowledge…", acknowledge, true) : null,
      alarm.closed_at === null ? (alarm.shelved ? button("Unshelve…", unshelve) : button("Shelve…", shelve)) : null,
      h("a", { class: "button small", href: `/sensors/${encodeURIComponent(alarm.serial_number)}`, text: "See the sensor live" }),
    );
  }

  /** @param {any} judged */
  #evidence(judged) {
    const given = judged.evidence;
    const spectrum = EvidenceSpectrum.of(given);
    this.#spectrum = spectrum;
    return h(
      "div",
      { class: "evidence" },
      h("h3", { text: `Judged by, ${moment(judged.at)}` }),
      spectrum?.element,
      h("dl", { class: "pairs" }, lines(given).map(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])),
    );
  }
}

/** @param {any} alarm @param {number} now */
function facts(alarm, now) {
  /** @type {[string, string | null][]} */
  const rows = [
    ["Sensor", [alarm.serial_number, alarm.channel_name].filter(Boolean).join(", channel ")],
    ["Machine", alarm.target],
    ["Rule", `${alarm.rule} (${words(alarm.kind).toLowerCase()})`],
    ["Level", alarm.level ? words(alarm.level) : null],
    ["Value", alarm.value === null ? null : `${number(alarm.value, 4)} ${alarm.unit ?? ""}`],
    ["Active since", `${moment(alarm.activated_at)} (${age(alarm.activated_at, now)})`],
    ["Occurrences", alarm.occurrences > 1 ? integer(alarm.occurrences) : null],
    ["Cleared", alarm.cleared_at ? moment(alarm.cleared_at) : null],
    ["Acknowledged", alarm.acknowledged_at ? `${moment(alarm.acknowledged_at)} by ${alarm.acknowledged_by}` : null],
    ["Shelved until", alarm.shelved_until_cleared ? "it clears" : alarm.shelved ? moment(alarm.shelved_until) : null],
    ["Closed", alarm.closed_at ? moment(alarm.closed_at) : null],
  ];
  return h("dl", { class: "pairs" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })]));
}

/** @param {any} given @param {number} now */
function transition(given, now) {
  const value = given.evidence?.value;
  const what = [words(given.kind), given.level ? `${words(given.level).toLowerCase()}, severity ${given.severity}` : "", typeof value === "number" ? `${number(value)} ${given.evidence.unit ?? ""}` : ""];
  return h(
    "li",
    {},
    h("span", { class: "muted nowrap", text: momentShort(given.at, now), title: moment(given.at) }),
    h("span", {}, what.filter(Boolean).join(" · "), given.by ? h("span", { class: "muted", text: ` by ${given.by}` }) : null, given.comment ? h("q", { class: "block", text: given.comment }) : null),
  );
}
