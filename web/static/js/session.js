/** Who is logged in, what they may do, and the server's clock. */

import { get, useToken } from "./api.js";

/** @type {{name: string, role: string, version: string}} */
export const session = { name: "", role: "viewer", version: "" };

export const VIEWER_REASON = "You are logged in as a viewer: only an operator can do this.";

let offsetMs = 0; // of the server's clock to this one's

/** @returns {Promise<void>} ApiError */
export async function openSession() {
  const sent = Date.now();
  const answer = await get("/api/session");
  offsetMs = answer.server_time_ms - (sent + Date.now()) / 2;
  useToken(answer.csrf_token, answer.name);
  session.name = answer.name;
  session.role = answer.role;
  session.version = answer.version;
}

/** @returns {number} Unix ms by the server's clock: ages do not depend on this computer's */
export function serverNow() {
  return Date.now() + offsetMs;
}

/** Whether the user may change something. */
export function mayAct() {
  return session.role === "operator";
}

/** @returns {number} ms that the server's clock is ahead of this computer's */
export function clockOffset() {
  return offsetMs;
}

/**
 * Disables a button for a viewer, and says why.
 * @template {HTMLButtonElement} T
 * @param {T} button
 * @returns {T}
 */
export function forOperators(button) {
  if (!mayAct()) {
    button.disabled = true;
    button.title = VIEWER_REASON;
  }
  return button;
}
