/** Sending a command and following what becomes of it at each sensor. */

import { postLines } from "./api.js";
import { fill, h, keyed, say } from "./dom.js";
import { duration, frequency, words } from "./format.js";
import { fateTag } from "./marks.js";
import { toast } from "./toasts.js";

const LISTED = 500;

/**
 * @typedef {{id: string, serial_number: string, status: string, reason: string, after_s: number, state: string | null,
 *   sample_frequency_hz: number | null}} Fate
 */

export class CommandRun {
  constructor() {
    this.title = h("b");
    this.summary = h("span", { class: "inline", testid: "command-result", role: "status" });
    this.rows = h("ul", { class: "lines fates" });
    this.element = h("div", { class: "command-run", hidden: true }, h("p", { class: "run-head" }, this.title, this.summary), this.rows);
  }

  /**
   * @param {import("./command_dialog.js").Command} command
   * @param {string[]} serials
   * @param {{fields: Record<string, unknown>, expires_s: number}} given
   * @returns {Promise<boolean>} whether anything was sent
   */
  async send(command, serials, given) {
    /** @type {Map<string, Fate>} by id: a sensor may get several */
    const fates = new Map();
    this.element.hidden = false;
    say(this.title, command.label);
    fill(this.summary, "sending…");
    fill(this.rows);
    let problem = "";
    try {
      for await (const line of postLines("/api/commands", { serial_numbers: serials, name: command.name, ...given })) {
        if (line.done) problem = line.error ?? "";
        else fates.set(line.id, line);
        this.#show(serials, fates, problem);
      }
    } catch (error) {
      problem = /** @type {Error} */ (error).message;
    }
    this.#show(serials, fates, problem);
    this.#report(command, serials, fates, problem);
    return fates.size > 0;
  }

  /** @param {string[]} serials @param {Map<string, Fate>} fates @param {string} problem */
  #show(serials, fates, problem) {
    const all = [...fates.values()];
    if (serials.length === 1 && all.length === 1) fill(this.summary, fateTag(all[0].status), detail(all[0]));
    else fill(this.summary, ...counts(all).map(([status, count]) => h("span", { class: "inline" }, fateTag(status), String(count))));
    if (problem) this.summary.append(h("span", { class: "error-text", text: problem }));
    if (all.length > 1) keyed(this.rows, all.slice(0, LISTED), (one) => one.id, fateLine);
  }

  /** @param {import("./command_dialog.js").Command} command @param {string[]} serials @param {Map<string, Fate>} fates @param {string} problem */
  #report(command, serials, fates, problem) {
    const all = [...fates.values()];
    const done = all.filter((one) => one.status === "APPLIED" || one.status === "DUPLICATE").length;
    const sent = Math.max(serials.length, all.length);
    const whom = sent === 1 ? serials[0] : `${done} of ${sent}`;
    if (problem && all.length === 0) toast(`${command.label}: ${problem}`, "bad");
    else if (done === sent) toast(`${command.label}: applied by ${whom}.`, "good");
    else if (sent > 1) toast(`${command.label}: applied by ${whom} so far. The table of commands shows the rest.`);
    else toast(`${command.label}: ${words(all[0]?.status)} ${all[0]?.reason ?? ""}`.trim(), ["QUEUED", "SENT"].includes(all[0]?.status) ? "plain" : "bad");
  }
}

/** @param {Fate[]} all @returns {[string, number][]} */
function counts(all) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const { status } of all) found.set(status, (found.get(status) ?? 0) + 1);
  return [...found].sort();
}

/** @param {Fate} fate what else there is to say */
function detail(fate) {
  const result = [fate.state ? words(fate.state).toLowerCase() : "", fate.sample_frequency_hz ? frequency(fate.sample_frequency_hz) : ""].filter(Boolean).join(", ");
  const waiting = fate.status === "SENT" ? "waits for the sensor" : fate.status === "QUEUED" ? "waits for the bridge" : "";
  return [`after ${duration(fate.after_s)}`, fate.reason, waiting, result].filter(Boolean).join(" · ");
}

/** @param {Fate} first @returns {any} */
function fateLine(first) {
  const mark = h("span");
  const more = h("span", { class: "second" });
  const line = h("li", { class: "alarm-line" }, h("a", { class: "grow", href: `/sensors/${encodeURIComponent(first.serial_number)}`, text: first.serial_number }), more, mark);
  line.update = (/** @type {Fate} */ fate) => {
    fill(mark, fateTag(fate.status));
    say(more, detail(fate));
  };
  return line;
}
