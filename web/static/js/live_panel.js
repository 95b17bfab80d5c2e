/** The live part of a sensor: waveform and spectrum with their controls, fed by one watch. */

import { h, say } from "./dom.js";
import { duration } from "./format.js";
import { icon } from "./icons.js";
import { live } from "./live.js";
import { SpectrumPanel } from "./spectrum_panel.js";
import { clockOffset } from "./session.js";
import { segments } from "./segments.js";
import { announce } from "./toasts.js";
import { chartHost, Waveform } from "./waveform.js";

const SPANS = [1, 2, 5, 10, 30, 60];
const MOST_CHANNELS = 8;
const SILENT_S = 3;
const SLOW_MS = 10_000; // so long it is said that frames were skipped

/**
 * @typedef {{number: number, name: string, quantity: string, unit: string, minimum: number | null, maximum: number | null}} Channel
 */

export class LivePanel {
  #span = 10;
  #paused = false;
  #columns = 800;
  #problem = "";
  #skipped = 0;
  #skippedAt = -Infinity;
  #told = "";
  #delay = 0; // s

  /** @param {string} serial @param {Channel[]} channels @param {() => number} slowest s between two samples, about */
  constructor(serial, channels, slowest) {
    this.serial = serial;
    this.channels = channels.slice(0, MOST_CHANNELS);
    this.slowest = slowest;
    this.pauseButton = h("button", { class: "button small", type: "button", title: "Space", on: { click: () => this.pause(!this.#paused) } });
    this.state = h("span", { class: "live-state" });
    const spans = segments("Span", SPANS.map((s) => /** @type {[string, number]} */ ([`${s} s`, s])), this.#span, (s) => this.#choose(s), "watch-span");
    const waveforms = chartHost("waveform", "Waveforms of the channels");
    this.element = h(
      "section",
      { class: "panel", "aria-label": "Live waveform" },
      h("header", {}, h("h2", { text: "Waveform" }), this.state, h("span", { class: "spacer" }), this.#scaling(), spans, this.pauseButton),
      h("div", { class: "body" }, waveforms, h("p", { class: "chart-hint muted", text: "Each column is the least and the greatest sample of its time. A gap is data that has not come; what was before you opened the page is in the history. Drag to look closer; it then stands still." })),
    );
    this.waveform = new Waveform(waveforms, this.channels, () => this.pause(true));
    this.spectrum = new SpectrumPanel(serial, this.channels);
    this.#watcher = new ResizeObserver(() => this.#sized(waveforms.clientWidth));
    this.#watcher.observe(waveforms);
    this.#ticking = setInterval(() => this.#tell(), 1000);
    this.#showPause();
    this.#watch();
  }

  #watcher;
  #ticking;

  dispose() {
    live.end();
    clearInterval(this.#ticking);
    this.#watcher.disconnect();
    this.waveform.dispose();
    this.spectrum.dispose();
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.#paused = paused;
    this.waveform.pause(paused);
    this.spectrum.pause(paused);
    this.#showPause();
    this.#tell();
  }

  toggle() {
    this.pause(!this.#paused);
  }

  #showPause() {
    this.pauseButton.replaceChildren(icon(this.#paused ? "play" : "pause", 13), this.#paused ? "Resume" : "Pause");
    this.pauseButton.setAttribute("aria-pressed", String(this.#paused));
  }

  /** Auto, measuring range, or fixed limits. */
  #scaling() {
    const low = h("input", { class: "input small short", type: "number", step: "any", value: "-1", "aria-label": "Lower limit" });
    const high = h("input", { class: "input small short", type: "number", step: "any", value: "1", "aria-label": "Upper limit" });
    const limits = h("span", { class: "inline", hidden: true }, low, "to", high);
    const mode = h("select", { class: "select small", "aria-label": "Amplitude axis" }, [["auto", "Y: auto"], ["equal", "Y: auto, all alike"], ["range", "Y: measuring range"], ["fixed", "Y: fixed"]].map(([value, text]) => h("option", { value, text })));
    const apply = () => {
      limits.hidden = mode.value !== "fixed";
      const [from, to] = [Number(low.value), Number(high.value)];
      const wrong = !(from < to);
      high.setAttribute("aria-invalid", String(wrong));
      if (mode.value !== "fixed" || !wrong) this.waveform.scale(mode.value, from, to);
    };
    for (const field of [low, high, mode]) field.addEventListener("input", apply);
    return h("span", { class: "inline" }, mode, limits);
  }

  /** @param {number} span */
  #choose(span) {
    this.#span = span;
    if (this.#paused) this.pause(false);
    this.#watch();
  }

  /** As many bins as there are pixels, in steps, so that a window that is dragged does not ask anew all the time. @param {number} width */
  #sized(width) {
    const columns = Math.max(200, Math.min(2000, Math.ceil((width - 66) / 200) * 200));
    if (width === 0 || columns === this.#columns) return;
    this.#columns = columns;
    this.#watch();
  }

  #watch() {
    live.watch(
      { serial_number: this.serial, channels: this.channels.map((one) => one.number), span_s: this.#span, columns: this.#columns, spectrum: true },
      {
        lost: () => {
          this.#problem = "connection lost";
          this.#tell();
        },
        watching: (watching, anew) => {
          this.#problem = "";
          this.#delay = watching.delay_s ?? 0;
          this.waveform.begin(watching, anew);
        },
        frame: (frame) => (frame.kind === "spectrum" ? this.spectrum.take(frame) : this.waveform.take(frame)),
        status: (status) => {
          this.#problem = status.problem ?? "";
          if (status.skipped_frames > this.#skipped) this.#skippedAt = performance.now();
          this.#skipped = status.skipped_frames;
          this.#tell();
        },
      },
    );
  }

  /** What state the waveform is in, in words. */
  #tell() {
    const silent = Date.now() / 1000 - this.waveform.newest - this.#delay;
    const lag = this.waveform.lag + clockOffset() / 1000;
    let [state, text, tone] = ["live", `live, ${duration(lag)} behind`, "on"];
    if (this.#paused) [state, text, tone] = ["paused", "paused", ""];
    else if (this.#problem) [state, text, tone] = [this.#problem, this.#problem, "warn"];
    else if (Number.isNaN(silent)) [state, text, tone] = ["waiting for data", "waiting for data", ""];
    else if (silent > SILENT_S + 3 * this.slowest()) [state, text, tone] = ["no data", `no data for ${duration(Math.floor(silent))}`, "warn"];
    else if (performance.now() - this.#skippedAt < SLOW_MS) text += ", coarser: this connection is slow";
    this.state.className = `live-state ${tone}`;
    say(this.state, text);
    if (state !== this.#told) announce(`Waveform: ${state}`);
    this.#told = state;
  }
}
