/** Dialogs: asking before something happens, and for a comment. */

import { h } from "./dom.js";

/**
 * Shows a dialog; the promise holds what the form's fields were, or null where it was left.
 * @param {object} given
 * @param {string} given.title
 * @param {(Node | string)[]} given.body
 * @param {string} given.confirm the button's text
 * @param {boolean} [given.danger]
 * @param {boolean} [given.closeOnly] nothing to confirm
 * @param {string} [given.testid] of the button that confirms
 * @returns {Promise<FormData | null>}
 */
export function ask({ title, body, confirm, danger = false, closeOnly = false, testid }) {
  return new Promise((resolve) => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const leave = h("button", { class: "button", type: "button", text: closeOnly ? "Close" : "Cancel", on: { click: () => dialog.close() } });
    const go = h("button", { class: danger ? "button danger" : "button primary", type: "submit", text: confirm, testid });
    const heading = h("h2", { id: "dialog-title", text: title });
    const form = h(
      "form",
      { method: "dialog" },
      h("div", { class: "dialog-body" }, heading, body),
      h("div", { class: "actions" }, leave, closeOnly ? null : go),
    );
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    let confirmed = false;
    form.addEventListener("submit", () => {
      confirmed = true;
    });
    form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !closeOnly) form.requestSubmit(go); // also from a comment
    });
    let entered = false;
    form.addEventListener("input", () => {
      entered = true;
    });
    /** @type {EventTarget | null} where a button of the mouse went down: a selection in a text may end beside the dialog */
    let pressed = null;
    dialog.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      pressed = event.target;
    });
    dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      // beside it; what was entered is not thrown away by that
      if (event.target === dialog && pressed === dialog && !entered) dialog.close();
    });
    dialog.addEventListener("close", () => {
      const data = confirmed ? new FormData(form) : null;
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(data);
    });
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? (danger || closeOnly ? leave : go)).focus();
  });
}
