/** Asks for a command's fields, and whether it is meant: the step before anything is sent. */

import { ask } from "./dialog.js";
import { h } from "./dom.js";

/**
 * @typedef {{name: string, label: string, type: "number" | "integer" | "text", unit: string | null, minimum: number | null,
 *   maximum: number | null, required: boolean, default: unknown}} Field
 * @typedef {{name: string, label: string, description: string, confirm: boolean, fields: Field[]}} Command
 */

/**
 * Within what its sensors can do, as far as that is known.
 * @param {Field} field
 * @param {number | null} maximumHz
 * @returns {Field}
 */
function within(field, maximumHz) {
  if (field.name !== "sample_frequency_hz" || maximumHz === null) return field;
  return { ...field, maximum: Math.min(field.maximum ?? Infinity, maximumHz) };
}

/** @param {Field} field @param {unknown} value that is entered already */
function fieldElement(field, value) {
  const isNumber = field.type !== "text";
  const bounds = isNumber && field.minimum !== null && field.maximum !== null ? `${field.minimum} to ${field.maximum}` : "";
  const input = h("input", {
    class: "input",
    name: field.name,
    type: isNumber ? "number" : "text",
    step: field.type === "integer" ? "1" : field.type === "number" ? "any" : null,
    min: field.minimum,
    max: field.maximum,
    required: field.required,
    maxlength: isNumber ? null : field.maximum ?? 200,
    value: value ?? "",
    autocomplete: "off",
    autofocus: true,
    testid: `command-field-${field.name}`,
  });
  return h(
    "label",
    { class: "field" },
    h("span", { class: "label", text: field.required ? field.label : `${field.label} (optional)` }),
    h("span", { class: "with-unit" }, input, field.unit || null),
    bounds ? h("span", { class: "hint", text: `${bounds}${field.unit ? ` ${field.unit}` : ""}` }) : null,
  );
}

/**
 * @param {Command} command
 * @param {string[]} serials to whom
 * @param {Record<string, unknown>} [entered] by name, instead of the defaults
 * @param {number | null} [maximumHz] the highest sample frequency that all of them can do; null: not known
 * @returns {Promise<{fields: Record<string, unknown>, expires_s: number} | null>} null: it is not to be sent
 */
export async function askForCommand(command, serials, entered = {}, maximumHz = null) {
  const whom = serials.length === 1 ? serials[0] : `${serials.length} sensors`;
  const expires = h(
    "label",
    { class: "field" },
    h("span", { class: "label", text: "Expires after" }),
    h("select", { class: "select", name: "expires_s" }, [["60", "1 min"], ["600", "10 min"], ["3600", "1 h"], ["86400", "1 d"]].map(([value, text]) => h("option", { value, text }))),
    h("span", { class: "hint", text: "A sensor that is away gets it when it comes back before that." }),
  );
  const data = await ask({
    title: `${command.label}: ${whom}`,
    body: [h("p", { class: "muted", text: command.description }), ...command.fields.map((field) => fieldElement(within(field, maximumHz), entered[field.name] ?? field.default)), expires],
    confirm: command.confirm ? `${command.label}${serials.length > 1 ? ` ${serials.length} sensors` : ""}` : "Send",
    danger: command.confirm,
    testid: "command-send",
  });
  if (data === null) return null;
  /** @type {Record<string, unknown>} */
  const fields = {};
  for (const field of command.fields) {
    const text = String(data.get(field.name) ?? "").trim();
    if (text !== "") fields[field.name] = field.type === "text" ? text : Number(text);
  }
  return { fields, expires_s: Number(data.get("expires_s")) };
}
