/** The live connection: one WebSocket a page, which comes back by itself, and what is watched over it. */

import { toLogin } from "./api.js";
import { reportProblem } from "./banner.js";
import { decodeFrame } from "./frames.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
const LOGGED_OUT = 4401; // codes of closing
const OTHER_SITE = 4403;
const HIDDEN_MS = 10_000; // a tab that is hidden for so long watches nothing

/**
 * @typedef {{serial_number: string, channels: number[], span_s: number, columns: number, spectrum: boolean}} Watch
 * @typedef {{watch: number, serial_number: string, span_s: number, bin_s: number, delay_s: number | null}} Watching
 * @typedef {object} Listener
 * @property {(watching: Watching, anew: boolean) => void} watching `anew`: everything is sent again, in bins of this width
 * @property {(frame: import("./frames.js").Frame) => void} frame
 * @property {() => void} lost the connection is; it comes back by itself
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
  #number = 0; // of the watch, on this connection; what has another number is of one before
  #bin = 0; // s
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
    this.#number = 0;
    socket.addEventListener("open", () => this.#send());
    socket.addEventListener("message", (event) => socket === this.#socket && this.#take(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#lost(event.code));
  }

  /** @param {number} code why, as the server says */
  #lost(code) {
    this.#socket = null;
    if (!this.#wanted) return;
    this.#listener?.lost();
    if (code === LOGGED_OUT) return toLogin();
    if (code === OTHER_SITE) return reportProblem("live", "Not live: the server refused this page's origin. Open the address that it is published under.");
    reportProblem("live", "Connection lost, reconnecting…");
    this.#timer = setTimeout(() => this.#connect(), backoff(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #send() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#number += 1;
    this.#bin = 0;
    this.#socket.send(JSON.stringify({ watch: this.#watch }));
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    if (typeof data !== "string") {
      const frame = decodeFrame(data);
      if (frame.watch === this.#number) this.#listener?.frame(frame);
      return;
    }
    const message = JSON.parse(data);
    if (message.watching?.watch === this.#number) {
      this.#attempt = 0;
      reportProblem("live", null);
      const anew = message.watching.bin_s !== this.#bin;
      this.#bin = message.watching.bin_s;
      this.#listener?.watching(message.watching, anew);
    } else if (message.status) {
      this.#listener?.status(message.status);
    } else if (message.error) {
      reportProblem("live", `Not live: ${message.error}`);
    }
  }
}

export const live = new Live();
