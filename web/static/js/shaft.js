/** The speed of a shaft by its orders in a spectrum: a motor slips, and its name plate does not say how much. Pure. */

import { median, vertex } from "./peaks.js";

const TOLERANCE = 0.015; // of the nominal speed, as in vibration/shaft.py
const ORDERS = 8;
const CLEAR = 3; // orders that have to stand out; one or two may be something else's
const ABOVE_FLOOR = 4;
const LEAST_LINES = 6; // from order to order
const FINE = 16; // speeds that are tried a line of the highest order

/**
 * @param {ArrayLike<number>} amplitudes
 * @param {number} start Hz of the first line
 * @param {number} step Hz a line
 * @param {number} nominalHz
 * @returns {{hertz: number, clear: number} | null} null: three orders of no speed near the nominal one stand out
 */
export function measuredSpeed(amplitudes, start, step, nominalHz) {
  if (!(nominalHz > 0) || nominalHz < LEAST_LINES * step) return null;
  const last = start + (amplitudes.length - 1) * step;
  const half = nominalHz / 2;
  /** @type {number[]} */
  const floors = [];
  for (let order = 1; order <= ORDERS && order * nominalHz * (1 + TOLERANCE) + step < last; order += 1) {
    const line = (/** @type {number} */ hertz) => Math.round((hertz - start) / step);
    floors.push(median(Array.from(amplitudes).slice(Math.max(0, line(order * nominalHz - half)), line(order * nominalHz + half) + 1)));
  }
  if (floors.length < CLEAR) return null;

  let best = 0;
  let bestScore = -1;
  const fine = step / (FINE * floors.length);
  for (let hertz = nominalHz * (1 - TOLERANCE); hertz <= nominalHz * (1 + TOLERANCE); hertz += fine) {
    const score = floors.reduce((sum, floor, i) => sum + Math.log(Math.max(1, between(amplitudes, ((i + 1) * hertz - start) / step) / floor)), 0);
    if (score > bestScore) [best, bestScore] = [hertz, score];
  }

  let [clear, sum, weights] = [0, 0, 0];
  floors.forEach((floor, i) => {
    const order = i + 1;
    const at = summit(amplitudes, Math.round((order * best - start) / step));
    if (at === null || !(amplitudes[Math.round(at)] > ABOVE_FLOOR * floor)) return;
    clear += 1;
    sum += start + at * step; // each as exact as the others: the higher order says the speed more exactly
    weights += order;
  });
  return clear >= CLEAR ? { hertz: sum / weights, clear } : null;
}

/** @param {ArrayLike<number>} values @param {number} at a line, or between two */
function between(values, at) {
  const i = Math.floor(at);
  return values[i] + (at - i) * (values[i + 1] - values[i]);
}

/** @param {ArrayLike<number>} values @param {number} near @returns {number | null} the line of a summit there or next to it, refined */
function summit(values, near) {
  const i = [near, near - 1, near + 1].find((at) => at > 0 && values[at] >= values[at - 1] && values[at] > values[at + 1]);
  return i === undefined ? null : i + vertex(values[i - 1], values[i], values[i + 1]);
}
