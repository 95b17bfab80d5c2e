/** Texts of axes. Pure. */

import { clock } from "./format.js";

/**
 * A moment on an axis of times: 14:03:22, or 03:22.5 where ticks are closer than a second.
 * @param {number} at Unix time in s
 * @param {number} step s between ticks
 * @param {boolean} [whole] with the hour
 */
export function tick(at, step, whole = false) {
  const text = clock(1000 * at + 0.01);
  if (step >= 1) return text;
  const decimals = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const second = Math.floor(at + 1e-6);
  const fraction = Math.min(0.9999, Math.max(0, at - second)).toFixed(decimals);
  const shown = fraction.startsWith("1") ? clock(1000 * (second + 1)) : text;
  return shown.slice(whole ? 0 : 3) + fraction.slice(1);
}

/** @param {number[]} splits of one axis @returns {number} decimals that tell them apart */
export function decimalsOf(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  for (let decimals = 0; decimals < 8; decimals += 1) {
    const scaled = step * 10 ** decimals;
    if (scaled >= 0.999 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return decimals;
  }
  return 8;
}

/** @param {number} value @param {number} decimals */
export function fixed(value, decimals) {
  const text = value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return text.replace(/^-(?=.*[1-9])/, "\u2212").replace(/^-/, "");
}

/** @param {number} hertz on an axis or in a label */
export function plain(hertz) {
  return hertz >= 1000 ? hertz.toLocaleString("en", { maximumFractionDigits: 0 }) : String(Number(hertz.toPrecision(4)));
}

/** @param {number} value @param {boolean} logarithmic of such an axis powers of ten are written only */
export function amplitudeText(value, logarithmic) {
  if (!logarithmic) return String(Number(value.toPrecision(4)));
  const decade = Math.log10(value);
  if (Math.abs(decade - Math.round(decade)) > 1e-6) return "";
  return value >= 0.001 && value < 10_000 ? String(Number(value.toPrecision(2))) : `1e${Math.round(decade)}`;
}

/** @param {number} low @param {number} high @returns {number[]} the powers of ten from one to the other */
export function decades(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(`1e${first + i}`));
}
