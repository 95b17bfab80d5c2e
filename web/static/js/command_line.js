/** One given command in a list: what, by whom, when, and what became of it. */

import { fill, h, say } from "./dom.js";
import { ago, moment, named, words } from "./format.js";
import { fateTag } from "./marks.js";
import { serverNow } from "./session.js";

/** @param {Record<string, unknown> | null} parameters → sample frequency 400 Hz */
export function parametersText(parameters) {
  return Object.entries(parameters ?? {})
    .filter(([, value]) => value !== null && value !== "")
    .map(([key, value]) => {
      const { name, unit } = named(key);
      return `${name.toLowerCase()} ${String(value)} ${unit}`.trim();
    })
    .join(", ");
}

/** @returns {any} a list item with `update(command)` */
export function commandLine() {
  const name = h("span");
  const second = h("span", { class: "second" });
  const fate = h("span");
  const line = h("li", { class: "alarm-line" }, h("span", { class: "grow" }, name, second), fate);
  let status = "";
  line.update = (/** @type {any} */ command) => {
    const given = parametersText(command.parameters);
    say(name, given ? `${words(command.name)}: ${given}` : words(command.name));
    const by = command.client || command.issuer;
    say(second, [by, ago(command.issued_at, serverNow()), command.reason].filter(Boolean).join(" · "));
    second.title = moment(command.issued_at);
    if (command.status !== status) fill(fate, fateTag(command.status));
    status = command.status;
  };
  return line;
}
