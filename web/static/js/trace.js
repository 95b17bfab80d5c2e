/** One channel's waveform: what was received, its axis and its band of minimum and maximum. */

import { axis, CalmRange, clipped, fitted, mapping, UPlot } from "./chart.js";
import { h, say } from "./dom.js";
import { clock, number } from "./format.js";
import { BinRing, SampleRing } from "./ring.js";
import { channelColour, colour } from "./theme.js";

const HEIGHT = 138;
const AXIS_HEIGHT = 24;
const MOST_SAMPLES = 4096;
const INCREMENTS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];

/** @typedef {{number: number, name: string, unit: string, minimum: number | null, maximum: number | null}} Channel */

export class Trace {
  #ring = new BinRing(16, 0.01);
  #samples = new SampleRing(16);
  #single = false; // samples instead of bins
  #count = 0;
  #times = new Float64Array(0);
  #minima = new Float32Array(0);
  #maxima = new Float32Array(0);
  #from = 0;
  #to = 1;
  #range = new CalmRange();
  #mode = "auto";
  #fixed = [-1, 1];

  /**
   * @param {HTMLElement} host
   * @param {Channel} channel
   * @param {boolean} withTimes whether it has the axis of times under it
   * @param {string} sync name of the cursor that all channels share
   * @param {(from: number, to: number) => void} chosen a piece of time was marked, s
   */
  constructor(host, channel, withTimes, sync, chosen) {
    this.channel = channel;
    this.readout = h("span", { class: "readout" });
    const swatch = h("span", { class: `swatch channel-${channel.number % 8}`, "aria-hidden": "true" });
    const title = h("div", { class: "chart-title" }, swatch, h("b", { text: channel.name || `Channel ${channel.number}` }), h("span", { class: "muted", text: [channel.quantity, channel.unit].filter(Boolean).join(", ") }), this.readout);
    const place = h("div", { class: "chart" });
    host.append(title, place);
    const height = HEIGHT + (withTimes ? AXIS_HEIGHT : 0);
    const options = {
      width: Math.max(100, place.clientWidth),
      height,
      padding: [6, 8, withTimes ? 0 : 6, 0],
      legend: { show: false },
      scales: { x: { time: false, range: () => [this.#from, this.#to] }, y: { range: () => this.#limits() } },
      axes: [
        axis({ show: withTimes, size: AXIS_HEIGHT, space: 80, incrs: INCREMENTS, values: (/** @type {any} */ _, /** @type {number[]} */ splits, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ step) => splits.map((at) => tick(at, step)) }),
        axis({ size: 58, space: 26, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((value) => ticked(value, splits)) }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }, { paths: () => null, points: { show: false } }],
      cursor: { sync: { key: sync, setSeries: false }, points: { show: false }, y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => null } },
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
    this.chart = new UPlot(options, [[], [], []], place);
    this.#end = fitted(this.chart, place, height, () => this.#redraw());
  }

  #end;

  dispose() {
    this.#end();
  }

  /** @param {number} capacity bins @param {number} step s */
  begin(capacity, step) {
    this.#ring = new BinRing(capacity, step);
    this.#samples = new SampleRing(Math.min(capacity, MOST_SAMPLES));
    this.#times = new Float64Array(capacity);
    this.#minima = new Float32Array(capacity);
    this.#maxima = new Float32Array(capacity);
    this.#single = false;
  }

  /** @param {import("./frames.js").Frame} frame */
  take(frame) {
    if (frame.kind === "samples") {
      if (frame.snapshot) this.#samples.clear();
      this.#samples.put(frame.start, frame.values);
      this.#single = true;
      return;
    }
    if (Math.abs(frame.step / this.#ring.step - 1) > 1e-6) {
      if (!frame.snapshot) return; // of bins that are no longer sent
      this.begin(this.#ring.capacity, frame.step);
    }
    if (frame.snapshot) this.#ring.clear();
    this.#ring.put(frame.start, frame.values);
    this.#single = false;
  }

  /** Unix time in s up to which there is data; NaN: none. */
  get end() {
    return this.#single ? this.#samples.end : this.#ring.end;
  }

  /** @param {"auto" | "range" | "fixed"} mode @param {number} [minimum] @param {number} [maximum] */
  scale(mode, minimum = -1, maximum = 1) {
    this.#mode = mode;
    this.#fixed = [minimum, maximum];
    this.#redraw();
  }

  /** @param {number} from s @param {number} to s: shows what there is between */
  paint(from, to) {
    this.#from = from;
    this.#to = to;
    const source = this.#single ? this.#samples : this.#ring;
    this.#count = source.copy(from, to, this.#times, this.#minima, this.#maxima);
    this.#measure();
    this.#range.see(this.low, this.high, Date.now() / 1000);
    this.#redraw();
    this.#read();
  }

  /** @param {number} from @param {number} to looks closer at what is painted */
  look(from, to) {
    this.#from = from;
    this.#to = to;
    this.#measure();
    this.#redraw();
    this.#read();
  }

  /** The whole span again. */
  lookAtAll() {
    if (this.#count > 0) this.look(this.#times[0], this.#times[this.#count - 1]);
  }

  #measure() {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#times[i] < this.#from || this.#times[i] > this.#to) continue;
      if (this.#minima[i] < low) low = this.#minima[i];
      if (this.#maxima[i] > high) high = this.#maxima[i];
    }
    this.low = low;
    this.high = high;
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
    // uPlot looks values up for its cursor; what is drawn is drawn by hand
    this.chart.setData([this.#times.subarray(0, this.#count), this.#minima.subarray(0, this.#count), this.#maxima.subarray(0, this.#count)], true);
  }

  #draw() {
    if (this.#count === 0) return;
    clipped(this.chart, (context, ratio) => {
      const to = mapping(this.chart);
      const apart = this.#single ? 3.5 * this.#closest() : 1.5 * this.#ring.step;
      context.strokeStyle = channelColour(this.channel.number);
      context.fillStyle = channelColour(this.channel.number);
      context.lineWidth = ratio;
      context.lineJoin = "round";
      let first = 0;
      for (let i = 1; i <= this.#count; i += 1) {
        const ends = i === this.#count || Number.isNaN(this.#minima[i]) || Number.isNaN(this.#minima[i - 1]) || this.#times[i] - this.#times[i - 1] > apart;
        if (!ends) continue;
        if (!Number.isNaN(this.#minima[first])) this.#run(context, to, first, i);
        first = i;
      }
      if (this.#single && this.#count < this.chart.bbox.width / (8 * ratio)) this.#dots(context, to, ratio);
    });
    this.#zero();
  }

  /** @param {CanvasRenderingContext2D} context @param {ReturnType<typeof mapping>} to @param {number} first @param {number} after */
  #run(context, to, first, after) {
    context.beginPath();
    for (let i = first; i < after; i += 1) context.lineTo(to.x(this.#times[i]), to.y(this.#maxima[i]));
    if (after === first + 1) context.lineTo(to.x(this.#times[first]), to.y(this.#minima[first]) + 1);
    for (let i = after - 1; i >= first; i -= 1) context.lineTo(to.x(this.#times[i]), to.y(this.#minima[i]));
    if (!this.#single) {
      context.globalAlpha = 0.45;
      context.fill();
      context.globalAlpha = 1;
    }
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context @param {ReturnType<typeof mapping>} to @param {number} ratio */
  #dots(context, to, ratio) {
    for (let i = 0; i < this.#count; i += 1) {
      context.beginPath();
      context.arc(to.x(this.#times[i]), to.y(this.#maxima[i]), 2.4 * ratio, 0, 7);
      context.fill();
    }
  }

  /** A line at zero where it is in between. */
  #zero() {
    const { min, max } = this.chart.scales.y;
    if (!(min < 0 && max > 0)) return;
    const { ctx, bbox } = this.chart;
    const y = Math.round(this.chart.valToPos(0, "y", true)) + 0.5;
    ctx.strokeStyle = colour("line-strong");
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = UPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  /** @returns {number} s between the two samples that are closest */
  #closest() {
    let closest = Infinity;
    for (let i = 1; i < this.#count; i += 1) closest = Math.min(closest, this.#times[i] - this.#times[i - 1]);
    return closest;
  }

  /** What the cursor is on, or what is between the edges. */
  #read() {
    const unit = this.channel.unit;
    const { idx, left } = this.chart.cursor;
    if (left >= 0 && idx !== null && idx !== undefined && idx < this.#count) {
      const at = this.#times[idx];
      const [low, high] = [this.#minima[idx], this.#maxima[idx]];
      const value = Number.isNaN(low) ? "no data" : low === high ? `${number(low, 4)} ${unit}` : `${number(low, 4)} … ${number(high, 4)} ${unit}`;
      say(this.readout, `${clock(1000 * at)}.${String(Math.floor((at % 1) * 1000)).padStart(3, "0")}   ${value}`);
    } else if (this.low <= this.high) {
      say(this.readout, `min ${number(this.low)}   max ${number(this.high)}   p-p ${number(this.high - this.low)} ${unit}`);
    } else say(this.readout, "no data");
  }
}

/** @param {number} at s @param {number} step s between ticks */
function tick(at, step) {
  const text = clock(1000 * at + 0.01);
  if (step >= 1) return text;
  const decimals = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const seconds = (((at % 60) + 60) % 60).toFixed(decimals).padStart(3 + decimals, "0");
  return text.slice(3, 6) + seconds;
}

/** @param {number} value @param {number[]} splits values of one axis, with the same number of decimals */
function ticked(value, splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "\u2212");
}
