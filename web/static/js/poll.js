/** Asking again and again: one request at a time, none while the page is hidden, more slowly while it fails. */

import { ApiError } from "./api.js";
import { reportServer } from "./banner.js";

const SLOWEST_MS = 15_000;

/**
 * Calls `ask` now and every `periodMs`, until it is stopped.
 * @param {(signal: AbortSignal) => Promise<void>} ask
 * @param {number} periodMs
 * @param {(error: Error | null) => void} [failed] null when it works again
 * @returns {{stop: () => void, now: () => void}}
 */
export function poll(ask, periodMs, failed = () => {}) {
  const control = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asking = false;
  let again = false;
  let failures = 0;

  async function turn() {
    clearTimeout(timer);
    if (control.signal.aborted || document.hidden) return;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      await ask(control.signal);
      if (control.signal.aborted) return;
      failures = 0;
      failed(null);
      reportServer(true);
    } catch (error) {
      if (control.signal.aborted) return;
      failures += 1;
      failed(/** @type {Error} */ (error));
      if (!(error instanceof ApiError)) console.error(error);
      else if (error.status !== 401) reportServer(error.status !== 0 && error.status < 500, error.message);
    } finally {
      asking = false;
    }
    const wait = again ? 0 : Math.min(SLOWEST_MS, periodMs * 2 ** Math.min(failures, 4));
    again = false;
    timer = setTimeout(turn, wait);
  }

  const seen = () => {
    if (!document.hidden) void turn();
  };
  document.addEventListener("visibilitychange", seen);
  void turn();
  return {
    now: () => void turn(),
    stop: () => {
      control.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
