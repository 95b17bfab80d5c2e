/** An alarm's evidence: values by their names, and its spectrum. Rules of different kinds leave different evidence. */

import { axis, clipped, fitted, mapping, UPlot } from "./chart.js";
import { h, say } from "./dom.js";
import { moment, named, NOTHING, number, trimmed } from "./format.js";
import { niceStep } from "./ranges.js";
import { colour } from "./theme.js";
import { plain } from "./ticks.js";

const HEIGHT = 150;
const VALUES = 6; // of a list that are shown
const DEEP = 3;

/**
 * Name and value of everything but the spectrum. A diagnosis is a verdict and has no limit.
 * @param {Record<string, any>} evidence
 * @returns {[string, string][]}
 */
export function lines(evidence) {
  const { spectrum: _, samples, unit, value, limit, ...rest } = evidence;
  /** @type {[string, string][]} */
  const found = [];
  if (value !== undefined) found.push(["Value", `${text(value)} ${unit ?? ""}`.trim()]);
  if (limit !== undefined && limit !== null && rest.verdict === undefined) found.push(["Limit", `${text(limit)} ${unit ?? ""}`.trim()]);
  found.push(...Object.entries(rest).flatMap(([key, item]) => flat(key, "", item, DEEP)));
  if (samples?.from) found.push(["Samples", `${moment(Date.parse(samples.from))} to ${moment(Date.parse(samples.to)).slice(11)}`]);
  return found;
}

/** @param {string} key @param {string} before names that it lies in @param {any} value @param {number} deep @returns {[string, string][]} */
function flat(key, before, value, deep) {
  const { name, unit } = named(key);
  const full = before ? `${before}, ${name.toLowerCase()}` : name;
  if (value !== null && typeof value === "object" && !Array.isArray(value) && deep > 0) {
    return Object.entries(value).flatMap(([inner, item]) => flat(inner, full, item, deep - 1));
  }
  return [[full, `${text(value)} ${typeof value === "number" ? unit : ""}`.trim()]];
}

/** @param {any} value @returns {string} */
function text(value) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return trimmed(value, 4);
  if (Array.isArray(value)) {
    const shown = value.slice(0, VALUES).map(text).join("; ");
    return value.length > VALUES ? `${shown}; … (${value.length})` : shown || NOTHING;
  }
  if (typeof value === "object") {
    const frequencyFirst = Object.entries(value).sort(([a], [b]) => Number(b.endsWith("_hz")) - Number(a.endsWith("_hz")));
    return frequencyFirst.map(([key, item]) => `${text(item)} ${named(key).unit || named(key).name.toLowerCase()}`).join(", ");
  }
  return String(value).replaceAll("_", " ");
}

/** @param {any} given @returns {given is number[]} */
function areNumbers(given) {
  return Array.isArray(given) && given.length > 1 && given.every((value) => typeof value === "number");
}

export class EvidenceSpectrum {
  /** @param {Record<string, any>} evidence @returns {EvidenceSpectrum | null} null where there is none, or it has another shape */
  static of(evidence) {
    const given = evidence.spectrum;
    if (!areNumbers(given?.amplitudes)) return null;
    const { amplitudes, resolution_hz: resolution } = given;
    const hertz = areNumbers(given.frequencies_hz) ? given.frequencies_hz : typeof resolution === "number" ? amplitudes.map((/** @type {number} */ _, /** @type {number} */ i) => i * resolution) : null;
    return hertz?.length === amplitudes.length ? new EvidenceSpectrum(hertz, amplitudes, String(given.unit ?? "")) : null;
  }

  /** @param {number[]} hertz @param {number[]} amplitudes @param {string} unit */
  constructor(hertz, amplitudes, unit) {
    const largest = Math.max(...amplitudes);
    const step = niceStep(largest * 1.05 || 1);
    const top = Math.ceil((largest * 1.05 || 1) / step) * step;
    const readout = h("span", { class: "readout" });
    const place = h("div", { class: "chart" });
    this.element = h("div", { class: "charts" }, h("div", { class: "chart-title" }, h("span", { class: "muted", text: `Spectrum, ${unit}` }), readout), place);
    this.chart = new UPlot(
      {
        width: 320,
        height: HEIGHT,
        padding: [6, 8, 0, 0],
        legend: { show: false },
        scales: { x: { time: false, range: () => [0, hertz[hertz.length - 1]] }, y: { range: () => [0, top] } },
        axes: [axis({ size: 24, space: 60, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((at, i) => (i === splits.length - 1 ? `${plain(at)} Hz` : plain(at))) }), axis({ size: 52, space: 28 })],
        series: [{}, { paths: () => null, points: { show: false } }],
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        hooks: {
          draw: [
            (/** @type {any} */ chart) =>
              clipped(chart, (context, ratio) => {
                const to = mapping(chart);
                context.strokeStyle = colour("accent");
                context.lineWidth = 1.2 * ratio;
                context.beginPath();
                amplitudes.forEach((value, i) => context.lineTo(to.x(hertz[i]), to.y(value)));
                context.stroke();
              }),
          ],
          setCursor: [
            (/** @type {any} */ chart) => {
              const { idx, left } = chart.cursor;
              say(readout, left >= 0 && idx !== null && idx !== undefined ? `${plain(hertz[idx])} Hz   ${number(amplitudes[idx])} ${unit}` : "");
            },
          ],
        },
      },
      [hertz, amplitudes],
      place,
    );
    this.end = fitted(this.chart, place, HEIGHT);
  }

  dispose() {
    this.end();
  }
}
