/** A row of buttons of which one is pressed. */

import { h } from "./dom.js";

/**
 * @template T
 * @param {string} label for screen readers
 * @param {[string, T][]} choices text and value
 * @param {T} chosen
 * @param {(value: T) => void} changed
 * @param {string} [testid]
 * @returns {HTMLElement & {choose: (value: T) => void}} `choose` presses one, and says nothing
 */
export function segments(label, choices, chosen, changed, testid) {
  const buttons = choices.map(([text, value]) =>
    h("button", {
      type: "button",
      text,
      "aria-pressed": String(value === chosen),
      "data-value": value,
      on: {
        click: () => {
          group.choose(value);
          changed(value);
        },
      },
    }),
  );
  const group = h("div", { class: "segments", role: "group", "aria-label": label, testid }, buttons);
  group.choose = (/** @type {T} */ value) => {
    choices.forEach(([, own], i) => buttons[i].setAttribute("aria-pressed", String(own === value)));
  };
  return group;
}
