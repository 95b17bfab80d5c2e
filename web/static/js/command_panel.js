/** The commands that can be given, as buttons, and what became of the last one. */

import { get } from "./api.js";
import { askForCommand } from "./command_dialog.js";
import { CommandRun } from "./command_run.js";
import { fill, h } from "./dom.js";
import { forOperators, mayAct, VIEWER_REASON } from "./session.js";

export class CommandPanel {
  /** @type {Map<string, Record<string, unknown>>} by command: what was refused, to be mended rather than written again */
  #refused = new Map();

  /**
   * @param {() => string[]} serials to whom
   * @param {() => number | null} maximumHz the highest sample frequency that all of them can do; null: not known
   * @param {() => void} [sent]
   */
  constructor(serials, maximumHz, sent = () => {}) {
    this.serials = serials;
    this.maximumHz = maximumHz;
    this.sent = sent;
    this.buttons = h("div", { class: "command-buttons" }, h("span", { class: "muted", text: "Loading…" }));
    this.run = new CommandRun();
    this.reason = h("p", { class: "muted", text: VIEWER_REASON, hidden: mayAct() });
    this.element = h("section", { class: "panel", "aria-label": "Commands" }, h("header", {}, h("h2", { text: "Commands" })), h("div", { class: "body command-body" }, this.buttons, this.reason, this.run.element));
    void this.#load();
  }

  async #load() {
    try {
      const { commands } = await get("/api/commands/available");
      fill(this.buttons, commands.map((/** @type {import("./command_dialog.js").Command} */ command) => this.#button(command)));
      this.refresh();
    } catch (error) {
      const again = h("button", { class: "button small", type: "button", text: "Try again", on: { click: () => void this.#load() } });
      fill(this.buttons, h("span", { class: "error-text", text: /** @type {Error} */ (error).message }), again);
    }
  }

  /** @param {import("./command_dialog.js").Command} command */
  #button(command) {
    const button = h("button", { class: "button small", type: "button", title: command.description, text: `${command.label}…`, testid: `command-${command.name}` });
    button.addEventListener("click", () => void this.#give(command));
    return forOperators(button);
  }

  /** Buttons work when there is somebody to command. */
  refresh() {
    if (!mayAct()) return;
    const none = this.serials().length === 0;
    for (const button of this.buttons.querySelectorAll("button")) button.disabled = none;
  }

  /** @param {import("./command_dialog.js").Command} command */
  async #give(command) {
    const serials = this.serials();
    const given = serials.length > 0 ? await askForCommand(command, serials, this.#refused.get(command.name), this.maximumHz()) : null;
    if (given === null) return;
    if (await this.run.send(command, serials, given)) this.#refused.delete(command.name);
    else this.#refused.set(command.name, given.fields);
    this.sent();
  }
}
