/** The commands that can be given, as buttons, and what became of the last one. */

import { get } from "./api.js";
import { askForCommand } from "./command_dialog.js";
import { CommandRun } from "./command_run.js";
import { fill, h } from "./dom.js";
import { forOperators, mayAct, VIEWER_REASON } from "./session.js";

export class CommandPanel {
  /** @param {() => string[]} serials to whom @param {() => void} [sent] */
  constructor(serials, sent = () => {}) {
    this.serials = serials;
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
    const button = h("button", { class: "button small", type: "button", title: command.description, text: command.fields.length > 0 || command.confirm ? `${command.label}…` : command.label, testid: `command-${command.name}` });
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
    const given = serials.length > 0 ? await askForCommand(command, serials) : null;
    if (given === null) return;
    await this.run.send(command, serials, given);
    this.sent();
  }
}
