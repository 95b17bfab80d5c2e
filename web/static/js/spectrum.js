/** The spectrum of a sensor's channels over each other: lines, strongest peaks, orders of the running speed. */

import { axis, clipped, fitted, mapping, UPlot } from "./chart.js";
import { h, say } from "./dom.js";
import { number } from "./format.js";
import { distinct, strongest } from "./peaks.js";
import { niceStep } from "./ranges.js";
import { measuredSpeed } from "./shaft.js";
import { drawOrders, drawPeaks, nameOrders } from "./spectrum_marks.js";
import { channelColour } from "./theme.js";
import { amplitudeText, decades, plain } from "./ticks.js";

const HEIGHT = 236;
const DECADES = 5; // of a logarithmic axis
const PEAKS = 5;

/** @typedef {{start: number, step: number, values: Float32Array}} Lines */
/** @typedef {import("./peaks.js").ChannelPeak} Peak */

export class Spectrum {
  /** @type {Map<number, Lines>} by channel */
  #lines = new Map();
  /** @type {Set<number>} channels that are not shown */
  hidden = new Set();
  #zoom = /** @type {[number, number] | null} */ (null);
  #top = 0;
  #shrinks = 0;
  logarithmic = false;
  speedHz = 0; // 0: not known
  measured = false; // the speed is what the spectrum says, not only what the machine should have
  #nominalHz = 0;
  #exact = false;
  paused = false;
  /** @type {Peak[]} */
  peaks = [];
  #xs = new Float64Array(0);

  /**
   * @param {HTMLElement} host
   * @param {{number: number, name: string, unit: string}[]} channels
   * @param {HTMLElement} readout
   * @param {(peaks: Peak[]) => void} found
   */
  constructor(host, channels, readout, found) {
    this.host = host;
    this.channels = channels;
    this.readout = readout;
    this.found = found;
    this.place = h("div", { class: "chart" });
    host.append(this.place);
    this.#build();
  }

  /** @type {any} */
  chart;
  #end = () => {};

  #build() {
    this.#end();
    this.chart = new UPlot(
      {
        width: Math.max(100, this.place.clientWidth),
        height: HEIGHT,
        padding: [22, 10, 0, 0],
        legend: { show: false },
        scales: { x: { time: false, range: () => this.#across() }, y: { distr: this.logarithmic ? 3 : 1, range: () => this.#upright() } },
        axes: [
          axis({ size: 26, space: 70, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((hertz, i) => (i === splits.length - 1 ? `${plain(hertz)} Hz` : plain(hertz))) }),
          axis({ size: 58, space: 30, ...(this.logarithmic ? { splits: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ low, /** @type {number} */ high) => decades(low, high) } : {}), values: (/** @type {any} */ _, /** @type {(number | null)[]} */ splits) => splits.map((value) => (value === null ? "" : amplitudeText(value, this.logarithmic))) }),
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => this.#look(null) } },
        hooks: {
          draw: [() => this.#draw()],
          setCursor: [() => this.#read()],
          setSelect: [
            (/** @type {any} */ chart) => {
              const { left, width } = chart.select;
              if (width > 8) this.#look([chart.posToVal(left, "x"), chart.posToVal(left + width, "x")]);
              if (width > 0) chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      [this.#xs, this.#xs],
      this.place,
    );
    this.#end = fitted(this.chart, this.place, HEIGHT, () => this.#redraw());
  }

  dispose() {
    this.#end();
  }

  /** @param {import("./frames.js").Frame} frame */
  take(frame) {
    if (this.paused || frame.count < 2) return;
    const { start, step, values } = frame;
    this.#lines.set(frame.channel, { start, step, values });
    this.host.dataset.frames = String(Number(this.host.dataset.frames) + 1);
    if (document.hidden) return;
    this.#search();
  }

  /** @param {boolean} logarithmic */
  scale(logarithmic) {
    this.logarithmic = logarithmic;
    this.#build();
  }

  /** @param {number} hertz 0: not known @param {boolean} exact somebody says so; else the orders near it may say better */
  speed(hertz, exact) {
    this.#nominalHz = hertz;
    this.#exact = exact;
    this.#search();
  }

  #measure() {
    this.speedHz = this.#nominalHz;
    this.measured = false;
    if (this.#exact) return;
    let clear = 0;
    for (const [, { start, step, values }] of this.#shown()) {
      const found = measuredSpeed(values, start, step, this.#nominalHz);
      if (found === null || found.clear <= clear) continue;
      clear = found.clear;
      this.speedHz = found.hertz;
      this.measured = true;
    }
  }

  /** @param {number} from Hz @param {number} to Hz @returns {number} the greatest amplitude there of what is shown */
  #highest(from, to) {
    let highest = 0;
    for (const [, { start, step, values }] of this.#shown()) {
      const last = Math.min(values.length - 1, Math.floor((to - start) / step));
      for (let i = Math.max(0, Math.ceil((from - start) / step)); i <= last; i += 1) if (values[i] > highest) highest = values[i];
    }
    return highest;
  }

  /** @param {number} channel @param {boolean} shown */
  toggle(channel, shown) {
    if (shown) this.hidden.delete(channel);
    else this.hidden.add(channel);
    this.#search();
  }

  /** @param {[number, number] | null} piece Hz; null: everything */
  #look(piece) {
    this.#zoom = piece;
    this.#search();
    return null;
  }

  /** @returns {[number, Lines][]} of the channels that are shown */
  #shown() {
    return [...this.#lines].filter(([channel]) => !this.hidden.has(channel));
  }

  /** @returns {[number, number]} Hz */
  #across() {
    if (this.#zoom) return this.#zoom;
    const end = Math.max(0, ...this.#shown().map(([, one]) => one.start + one.step * (one.values.length - 1)));
    return [0, end || 1000];
  }

  /** @returns {[number, number]} */
  #upright() {
    const top = this.#top || 1;
    if (!this.logarithmic) return [0, top];
    const decade = Math.ceil(Math.log10(top) - 1e-9);
    return [10 ** (decade - DECADES), 10 ** decade];
  }

  #search() {
    this.#measure();
    const [from, to] = this.#across();
    let largest = 0;
    /** @type {Peak[]} */
    const peaks = [];
    for (const [channel, { start, step, values }] of this.#shown()) {
      const first = Math.max(0, Math.floor((from - start) / step));
      const piece = values.subarray(first, Math.ceil((to - start) / step) + 1);
      for (let i = 0; i < piece.length; i += 1) if (piece[i] > largest) largest = piece[i];
      for (const peak of strongest(piece, start + first * step, step, PEAKS)) peaks.push({ channel, frequency: peak.frequency, amplitude: peak.amplitude });
    }
    this.#rescale(largest);
    this.peaks = distinct(peaks, (to - from) / 400).slice(0, PEAKS);
    this.found(this.peaks);
    this.#redraw();
  }

  /** Grows at once, shrinks after some spectra: a calm axis. @param {number} largest */
  #rescale(largest) {
    if (!(largest > 0)) return;
    const step = niceStep(largest * 1.08);
    const wanted = Math.ceil((largest * 1.08) / step) * step;
    this.#shrinks = wanted < 0.7 * this.#top ? this.#shrinks + 1 : 0;
    if (wanted > this.#top || this.#shrinks > 4) this.#top = wanted;
  }

  #redraw() {
    // the cursor goes from line to line of the finest spectrum
    const finest = this.#shown().reduce((best, [, one]) => (best === null || one.values.length > best.values.length ? one : best), /** @type {Lines | null} */ (null));
    const length = finest?.values.length ?? 0;
    if (this.#xs.length !== length) this.#xs = new Float64Array(length);
    if (finest) for (let i = 0; i < length; i += 1) this.#xs[i] = finest.start + i * finest.step;
    this.chart.setData([this.#xs, this.#xs], true);
    this.#read();
  }

  #draw() {
    const to = mapping(this.chart);
    clipped(this.chart, (context, ratio) => {
      if (this.speedHz) drawOrders(context, to, this.chart, this.speedHz);
      context.lineWidth = 1.1 * ratio;
      context.lineJoin = "round";
      for (const [channel, { start, step, values }] of this.#shown().reverse()) {
        context.strokeStyle = channelColour(channel);
        context.beginPath();
        for (let i = 0; i < values.length; i += 1) context.lineTo(to.x(start + i * step), to.y(values[i]));
        context.stroke();
      }
    });
    if (this.speedHz) nameOrders(this.chart, to, this.speedHz);
    drawPeaks(this.chart, to, this.peaks, (from, end) => this.#highest(from, end));
  }

  #read() {
    const { idx, left } = this.chart.cursor;
    if (!(left >= 0) || idx === null || idx === undefined || idx >= this.#xs.length) {
      say(this.readout, "");
      return;
    }
    const hertz = this.#xs[idx];
    const order = this.speedHz ? `   order ${number(hertz / this.speedHz)}` : "";
    const values = this.#shown().map(([channel, { start, step, values: lines }]) => {
      const known = this.channels.find((one) => one.number === channel);
      return `${known?.name ?? channel} ${number(lines[Math.round((hertz - start) / step)])} ${known?.unit ?? ""}`;
    });
    say(this.readout, `${plain(hertz)} Hz${order}   ${values.join("   ")}`);
  }
}
