/** The strip under the bar: what is wrong with the connection, in a sentence, for as long as it is. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

/** @type {Map<string, string>} by who says so: "live", "server" */
const problems = new Map();

function show() {
  const banner = document.getElementById("banner");
  if (banner === null) return;
  const text = problems.get("live") ?? problems.get("server");
  banner.hidden = text === undefined;
  if (text === undefined) fill(banner);
  else if (banner.textContent !== text) fill(banner, icon("warning"), h("span", { text }));
}

/** @param {string} who @param {string | null} text null: nothing is wrong */
export function reportProblem(who, text) {
  if (text === null) problems.delete(who);
  else problems.set(who, text);
  show();
}

/** @param {boolean} works @param {string} [text] */
export function reportServer(works, text = "The server cannot be reached.") {
  reportProblem("server", works ? null : text);
}
