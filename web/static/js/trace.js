/** One channel's waveform: what was received, its axis and its band of minimum and maximum. */

import { axis, clipped, fitted, isWhole, mapping, UPlot } from "./chart.js";
import { h, say } from "./dom.js";
import { number } from "./format.js";
import { CalmRange } from "./ranges.js";
import { BIN, Piece, Ring } from "./ring.js";
import { channelColour, colour } from "./theme.js";
import { decimalsOf, fixed, tick } from "./ticks.js";

const HEIGHT = 138;
const AXIS_HEIGHT = 24;
const READ_MS = 250;
const INCREMENTS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];

/** @typedef {{number: number, name: string, quantity?: string, unit: string, minimum: number | null, maximum: number | null}} Channel */

export class Trace {
  #ring = new Ring(16, 0.01);
  #piece = new Piece(16);
  #from = 0;
  #to = 1;
  /** @type {[number, number]} s, that was gathered */
  #whole = [0, 1];
  #range = new CalmRange();
  #readAt = 0;
  #mode = "auto";
  #fixed = [-1, 1];

  /**
   * @param {HTMLElement} host
   * @param {Channel} channel
   * @param {boolean} withTimes whether it has the axis of times under it
   * @param {string} sync name of the cursor that all channels share
   * @param {(from: number, to: number) => void} chosen a piece of time was marked, s
   * @param {() => void} reset all of it is wanted again
   */
  constructor(host, channel, withTimes, sync, chosen, reset) {
    this.channel = channel;
    this.reset = reset;
    this.readout = h("span", { class: "readout" });
    const swatch = h("span", { class: `swatch channel-${channel.number % 8}`, "aria-hidden": "true" });
    const name = h("b", { text: channel.name || `Channel ${channel.number}` });
    const quantity = h("span", { class: "muted", text: [channel.quantity, channel.unit].filter(Boolean).join(", ") });
    const place = h("div", { class: "chart" });
    host.append(h("div", { class: "chart-title trace-title" }, swatch, name, quantity, this.readout), place);
    const height = HEIGHT + (withTimes ? AXIS_HEIGHT : 0);
    this.chart = new UPlot(this.#options(place, height, withTimes, sync, chosen), [[], [], []], place);
    this.#end = fitted(this.chart, place, height, () => this.#redraw());
  }

  #end;

  dispose() {
    this.#end();
  }

  /** @param {HTMLElement} place @param {number} height @param {boolean} withTimes @param {string} sync @param {(from: number, to: number) => void} chosen */
  #options(place, height, withTimes, sync, chosen) {
    return {
      width: Math.max(100, place.clientWidth),
      height,
      padding: [6, 8, withTimes ? 0 : 6, 0],
      legend: { show: false },
      scales: { x: { time: false, range: () => [this.#from, this.#to] }, y: { range: () => this.#limits() } },
      axes: [
        axis({ show: withTimes, size: AXIS_HEIGHT, space: 80, incrs: INCREMENTS, values: (/** @type {any} */ chart, /** @type {number[]} */ splits, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ step) => splits.map((at) => (isWhole(chart, at) ? tick(at, step) : "")) }),
        axis({ size: 58, space: 26, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((value) => fixed(value, decimalsOf(splits))) }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }, { paths: () => null, points: { show: false } }],
      cursor: { sync: { key: sync, setSeries: false }, points: { show: false }, y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => this.reset() } },
      hooks: {
        draw: [() => this.#draw()],
        setCursor: [() => this.#read()],
        setSelect: [
          (/** @type {any} */ chart) => {
            const { left, width: wide } = chart.select;
            if (wide > 8) chosen(chart.posToVal(left, "x"), chart.posToVal(left + wide, "x"));
            if (wide > 0) chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  /** @param {number} capacity entries @param {number} step s a bin */
  begin(capacity, step) {
    this.#ring = new Ring(capacity, step);
    this.#piece = new Piece(capacity);
  }

  /** @param {import("./frames.js").Frame} frame */
  take(frame) {
    if (Math.abs(frame.step / this.#ring.step - 1) > 1e-6) return; // of bins that are no longer sent
    if (frame.snapshot) this.#ring.clear();
    if (frame.kind === "samples") this.#ring.putSamples(frame.start, frame.values);
    else this.#ring.putBins(frame.start, frame.values);
  }

  /** Unix time in s up to which there is data; NaN: none. */
  get end() {
    return this.#ring.end;
  }

  /** @param {"auto" | "equal" | "range" | "fixed"} mode @param {number} [minimum] @param {number} [maximum] */
  scale(mode, minimum = -1, maximum = 1) {
    this.#mode = mode;
    this.#fixed = [minimum, maximum];
    this.#redraw();
  }

  /** What there is between two times, to be shown next. @param {number} from s @param {number} to */
  gather(from, to) {
    this.#whole = [from, to];
    this.#ring.copy(from, to, this.#piece);
    this.#between(from, to);
  }

  /** @param {number} from @param {number} to */
  #between(from, to) {
    this.#from = from;
    this.#to = to;
    [this.low, this.high] = this.#piece.extent(from, to);
  }

  /** Shows what was gathered, on an axis that has room from `low` to `high`. @param {number} low @param {number} high */
  show(low = this.low, high = this.high) {
    this.#range.see(low, high, performance.now() / 1000);
    this.#redraw();
    this.#read();
  }

  /** Looks closer at what was gathered. @param {number} from s @param {number} to */
  look(from, to) {
    this.#between(from, to);
    this.show();
  }

  /** At all of it again. */
  lookAtAll() {
    this.look(...this.#whole);
  }

  low = Infinity;
  high = -Infinity;

  /** @returns {[number, number]} */
  #limits() {
    const { minimum, maximum } = this.channel;
    if (this.#mode === "fixed") return [this.#fixed[0], this.#fixed[1]];
    if (this.#mode === "range" && minimum !== null && maximum !== null && minimum < maximum) return [minimum, maximum];
    return Number.isNaN(this.#range.min) ? [-1, 1] : [this.#range.min, this.#range.max];
  }

  #redraw() {
    const { times, minima, maxima, count } = this.#piece;
    // uPlot looks values up for its cursor; what is drawn is drawn by hand
    this.chart.setData([times.subarray(0, count), minima.subarray(0, count), maxima.subarray(0, count)], true);
  }

  #draw() {
    const { count, minima } = this.#piece;
    if (count === 0) return;
    clipped(this.chart, (context, ratio) => {
      const to = mapping(this.chart);
      this.#zero(context, ratio);
      context.strokeStyle = context.fillStyle = channelColour(this.channel.number);
      context.lineWidth = ratio;
      context.lineJoin = "round";
      let first = 0;
      for (let i = 1; i <= count; i += 1) {
        if (i < count && !this.#piece.isBroken(i, this.#ring.step)) continue;
        if (!Number.isNaN(minima[first])) this.#run(context, to, first, i);
        first = i;
      }
      this.#dots(context, to, ratio);
    });
  }

  /** One piece without a gap. @param {CanvasRenderingContext2D} context @param {ReturnType<typeof mapping>} to @param {number} first @param {number} after */
  #run(context, to, first, after) {
    const { times, minima, maxima, kinds } = this.#piece;
    context.beginPath();
    for (let i = first; i < after; i += 1) context.lineTo(to.x(times[i]), to.y(maxima[i]));
    if (after === first + 1) context.lineTo(to.x(times[first]), to.y(minima[first]) + 1);
    for (let i = after - 1; i >= first; i -= 1) {
      if (kinds[i] !== BIN) continue;
      if (i + 1 < after && kinds[i + 1] !== BIN) context.moveTo(to.x(times[i]), to.y(maxima[i])); // not across samples
      context.lineTo(to.x(times[i]), to.y(minima[i]));
    }
    context.stroke();
    context.globalAlpha = 0.38;
    for (let i = first; i < after; i += 1) if (kinds[i] === BIN) this.#column(context, to, i);
    context.globalAlpha = 1;
  }

  /** A bin's inside, as a column of whole pixels: filling the outline as one costs ten times as much. @param {CanvasRenderingContext2D} context @param {ReturnType<typeof mapping>} to @param {number} i */
  #column(context, to, i) {
    const { times, minima, maxima } = this.#piece;
    const half = this.#ring.step / 2;
    const left = Math.round(to.x(times[i] - half));
    const top = to.y(maxima[i]);
    context.fillRect(left, top, Math.round(to.x(times[i] + half)) - left, to.y(minima[i]) - top);
  }

  /** Single samples as dots where there is room. @param {CanvasRenderingContext2D} context @param {ReturnType<typeof mapping>} to @param {number} ratio */
  #dots(context, to, ratio) {
    const { times, maxima, kinds, count } = this.#piece;
    if (count > this.chart.bbox.width / (8 * ratio)) return;
    for (let i = 0; i < count; i += 1) {
      if (kinds[i] === BIN) continue;
      context.beginPath();
      context.arc(to.x(times[i]), to.y(maxima[i]), 2.4 * ratio, 0, 7);
      context.fill();
    }
  }

  /** A line at zero where it is in between. @param {CanvasRenderingContext2D} context @param {number} ratio */
  #zero(context, ratio) {
    const { min, max } = this.chart.scales.y;
    if (!(min < 0 && max > 0)) return;
    const { bbox } = this.chart;
    const y = Math.round(this.chart.valToPos(0, "y", true)) + 0.5;
    context.strokeStyle = colour("line-strong");
    context.lineWidth = ratio;
    context.beginPath();
    context.moveTo(bbox.left, y);
    context.lineTo(bbox.left + bbox.width, y);
    context.stroke();
  }

  /** What the cursor is on, or what is between the edges. */
  #read() {
    const unit = this.channel.unit;
    const { idx, left } = this.chart.cursor;
    const { times, minima, maxima, count } = this.#piece;
    if (left >= 0 && idx !== null && idx !== undefined && idx < count) {
      const [low, high] = [minima[idx], maxima[idx]];
      const value = low === high ? number(low, 4) : `${number(low, 4)} … ${number(high, 4)}`;
      say(this.readout, `${tick(times[idx], 0.001, true)}   ${Number.isNaN(low) ? "no data" : `${value} ${unit}`}`);
      return;
    }
    const now = performance.now();
    if (now - this.#readAt < READ_MS) return; // figures that change with every frame cannot be read
    this.#readAt = now;
    if (this.low <= this.high) {
      say(this.readout, `min ${number(this.low)}   max ${number(this.high)}   p-p ${number(this.high - this.low)} ${unit}`);
    } else say(this.readout, "no data");
  }
}
