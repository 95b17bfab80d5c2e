/** The live connection: one WebSocket a page, which comes back by itself, and what is watched over it. */

import { get } from "./api.js";
import { reportProblem } from "./banner.js";
import { decodeFrame } from "./frames.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
const HIDDEN_MS = 10_000; // a tab that is hidden for so long watches nothing

/**
 * @typedef {{serial_number: string, channels: number[], span_s: number, columns: number, spectrum: boolean}} Watch
 * @typedef {{serial_number: string, span_s: number, bin_s: number, delay_s: number}} Watching
 * @typedef {object} Listener
 * @property {(watching: Watching) => void} watching
 * @property {(frame: import("./frames.js").Frame) => void} frame
 * @property {(status: {problem: string | null, skipped_frames: number, latency_ms: number | null}) => void} status
 */

/** @param {number} attempt from 0 on @param {number} chance 0 to 1 @returns {number} ms until the next try */
export function backoff(attempt, chance) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) * (0.75 + 0.25 * chance);
}

export class Live {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Watch | null} */
  #watch = null;
  /** @type {Listener | null} */
  #listener = null;
  #attempt = 0;
  #confirmed = false; // the server has said what it sends of this watch; what comes before is of the one before
  #asleep = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiding;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#visibility());
    addEventListener("online", () => this.#wanted && this.#socket === null && this.#connect());
    addEventListener("pagehide", () => this.#socket?.close());
  }

  get #wanted() {
    return this.#watch !== null && !this.#asleep;
  }

  /** Watches a sensor, instead of what was watched before. @param {Watch} watch @param {Listener} listener */
  watch(watch, listener) {
    this.#watch = watch;
    this.#listener = listener;
    if (this.#socket === null) this.#connect();
    else this.#send();
  }

  /** Watches nothing more; the connection ends. */
  end() {
    this.#watch = null;
    this.#listener = null;
    this.#close();
    reportProblem("live", null);
  }

  #visibility() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#asleep = true;
        this.#close();
      }, HIDDEN_MS);
    } else if (this.#asleep) {
      this.#asleep = false;
      if (this.#wanted) this.#connect();
    }
  }

  #close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#attempt = 0;
    socket?.close();
  }

  #connect() {
    clearTimeout(this.#timer);
    if (!this.#wanted || this.#socket !== null) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/live`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.addEventListener("open", () => this.#send());
    socket.addEventListener("message", (event) => socket === this.#socket && this.#take(event.data));
    socket.addEventListener("close", () => socket === this.#socket && this.#lost());
  }

  #lost() {
    this.#socket = null;
    if (!this.#wanted) return;
    reportProblem("live", "Connection lost, reconnecting…");
    const wait = backoff(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), wait);
    // a browser does not say why a socket was refused: the end of the session would be one reason
    if (this.#attempt > 1) get("/api/session").catch(() => {});
  }

  #send() {
    this.#confirmed = false;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ watch: this.#watch }));
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    if (typeof data !== "string") {
      if (this.#confirmed) this.#listener?.frame(decodeFrame(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.watching) {
      if (message.watching.serial_number !== this.#watch?.serial_number || message.watching.span_s !== this.#watch?.span_s) return;
      this.#confirmed = true;
      this.#attempt = 0;
      reportProblem("live", null);
      this.#listener?.watching(message.watching);
    } else if (message.status) {
      this.#listener?.status(message.status);
    } else if (message.error) {
      reportProblem("live", null);
      this.#listener?.status({ problem: String(message.error), skipped_frames: 0, latency_ms: null });
    }
  }
}

export const live = new Live();
