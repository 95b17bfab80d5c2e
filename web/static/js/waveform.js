/** The waveforms of a sensor's channels, one under the other, moving with time. */

import { h } from "./dom.js";
import { Playhead } from "./playhead.js";
import { Trace } from "./trace.js";

const MARGIN_S = 4; // kept beyond the span: what is there and not yet shown
const STILL_MS = 250; // from picture to picture where motion is not wanted
const SLOW_MS = 25;
const MOST_ENTRIES = 20_000; // of a channel; there are two samples a bin at most

/** @typedef {import("./frames.js").Frame} Frame */

export class Waveform {
  /** @type {Map<number, Trace>} by channel */
  traces = new Map();
  paused = false;
  frames = 0;
  #playhead = new Playhead(null);
  #span = 10;
  #animation = 0;
  #seen = true; // by somebody: not scrolled away
  #edge = NaN; // that is painted
  #due = 0; // ms
  #turned = 0;
  #interval = 16;
  #equal = false;

  /**
   * @param {HTMLElement} host
   * @param {{number: number, name: string, unit: string, minimum: number | null, maximum: number | null}[]} channels
   * @param {() => void} paused somebody has chosen a piece of it: it stands still
   */
  constructor(host, channels, paused) {
    this.host = host;
    const sync = `waveform-${Math.random()}`;
    channels.forEach((channel, i) => {
      const look = (/** @type {number} */ from, /** @type {number} */ to) => {
        paused();
        for (const one of this.traces.values()) one.look(from, to);
      };
      const reset = () => {
        if (this.paused) for (const one of this.traces.values()) one.lookAtAll();
      };
      const trace = new Trace(host, channel, i === channels.length - 1, sync, look, reset);
      this.traces.set(channel.number, trace);
    });
    this.#watcher = new IntersectionObserver(([entry]) => {
      this.#seen = entry.isIntersecting;
      this.#wake();
    });
    this.#watcher.observe(host);
    this.#still = matchMedia("(prefers-reduced-motion: reduce)");
    document.addEventListener("visibilitychange", this.#wake);
    this.#wake();
  }

  #watcher;
  #still;

  dispose() {
    cancelAnimationFrame(this.#animation);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#watcher.disconnect();
    for (const trace of this.traces.values()) trace.dispose();
  }

  /** @param {import("./live.js").Watching} watching @param {boolean} anew */
  begin(watching, anew) {
    const delay = Math.max(0, watching.delay_s ?? 0);
    this.#playhead.delay = delay;
    if (!anew) return;
    this.#span = watching.span_s;
    const kept = watching.span_s + delay + MARGIN_S;
    const capacity = Math.min(MOST_ENTRIES, Math.ceil((2 * kept) / watching.bin_s));
    for (const trace of this.traces.values()) trace.begin(capacity, watching.bin_s);
    this.#playhead = new Playhead(watching.delay_s);
    this.#edge = NaN;
  }

  /** @param {Frame} frame */
  take(frame) {
    const trace = this.traces.get(frame.channel);
    if (trace === undefined) return;
    trace.take(frame);
    this.frames += 1;
    const end = trace.end;
    if (!Number.isNaN(end)) {
      this.#playhead.arrive(end, Date.now() / 1000);
      this.host.dataset.lastTime = end.toFixed(6);
    }
    this.host.dataset.frames = String(this.frames);
  }

  /** Unix time in s up to which there is data. */
  get newest() {
    return this.#playhead.newest;
  }

  /** s that what is shown is behind this computer's clock. */
  get lag() {
    return this.#playhead.lag;
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    this.#edge = NaN;
    this.#wake();
  }

  /** `equal`: as auto, the same for all channels of a unit. @param {"auto" | "equal" | "range" | "fixed"} mode @param {number} [minimum] @param {number} [maximum] */
  scale(mode, minimum, maximum) {
    this.#equal = mode === "equal";
    for (const trace of this.traces.values()) trace.scale(mode, minimum, maximum);
    this.#edge = NaN;
  }

  /** @param {Trace} trace @returns {[number, number]} that its axis has to have room for */
  #extent(trace) {
    if (!this.#equal) return [trace.low, trace.high];
    const alike = [...this.traces.values()].filter((one) => one.channel.unit === trace.channel.unit);
    return [Math.min(...alike.map((one) => one.low)), Math.max(...alike.map((one) => one.high))];
  }

  #wake = () => {
    cancelAnimationFrame(this.#animation);
    if (!document.hidden && this.#seen && !this.paused) this.#animation = requestAnimationFrame(this.#turn);
  };

  /** @param {number} now ms since the page began */
  #turn = (now) => {
    this.#animation = requestAnimationFrame(this.#turn);
    this.#interval += 0.1 * (Math.min(100, now - this.#turned) - this.#interval);
    this.#turned = now;
    if (now < this.#due) return;
    const edge = this.#playhead.edge(Date.now() / 1000);
    const pixel = this.#span / Math.max(200, this.host.clientWidth * (devicePixelRatio || 1));
    if (Math.abs(edge - this.#edge) < pixel) return; // nothing to be seen of it
    this.#edge = edge;
    for (const trace of this.traces.values()) trace.gather(edge - this.#span, edge);
    for (const trace of this.traces.values()) trace.show(...this.#extent(trace));
    // a browser that is slow at drawing says so by calling seldom: it gets fewer pictures, and the page stays usable
    this.#due = this.#still.matches ? now + STILL_MS : this.#interval > SLOW_MS ? now + 1.5 * this.#interval : 0;
  };
}

/** @param {string} testid @param {string} label @returns {HTMLElement} where waveforms or a spectrum are drawn */
export function chartHost(testid, label) {
  return h("div", { class: "charts", testid, role: "group", "aria-label": label, "data-frames": "0" });
}
