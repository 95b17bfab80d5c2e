/** The strongest lines of a spectrum. Pure. */

/**
 * @typedef {{frequency: number, amplitude: number, index: number}} Peak
 * @typedef {{channel: number, frequency: number, amplitude: number}} ChannelPeak
 */

/**
 * Local maxima that stand out of what is around them, the strongest first. Frequencies are refined by a parabola through the
 * neighbours.
 * @param {ArrayLike<number>} amplitudes
 * @param {number} start Hz of the first line
 * @param {number} step Hz a line
 * @param {number} most
 * @returns {Peak[]}
 */
export function strongest(amplitudes, start, step, most) {
  const apart = Math.max(2, Math.round(amplitudes.length / 200)); // two of the same hump are one
  const floor = 4 * median(amplitudes);
  /** @type {Peak[]} */
  const found = [];
  for (let i = 1; i < amplitudes.length - 1; i += 1) {
    const value = amplitudes[i];
    if (!(value > floor) || value < amplitudes[i - 1] || value <= amplitudes[i + 1]) continue;
    found.push({ frequency: start + (i + vertex(amplitudes[i - 1], value, amplitudes[i + 1])) * step, amplitude: value, index: i });
  }
  found.sort((a, b) => b.amplitude - a.amplitude);
  /** @type {Peak[]} */
  const kept = [];
  for (const peak of found) {
    if (kept.length === most) break;
    if (kept.every((other) => Math.abs(other.index - peak.index) > apart)) kept.push(peak);
  }
  return kept;
}

/** @param {number} left @param {number} middle @param {number} right @returns {number} −0.5 to 0.5 lines off the middle */
export function vertex(left, middle, right) {
  const bend = left - 2 * middle + right;
  return bend === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (0.5 * (left - right)) / bend));
}

/** @param {ArrayLike<number>} values */
export function median(values) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1];
}

/**
 * What several channels have at one frequency is one peak, of the strongest.
 * @param {ChannelPeak[]} peaks
 * @param {number} near Hz
 * @returns {ChannelPeak[]} the strongest first
 */
export function distinct(peaks, near) {
  /** @type {ChannelPeak[]} */
  const kept = [];
  for (const peak of [...peaks].sort((a, b) => b.amplitude - a.amplitude)) {
    if (kept.every((other) => Math.abs(other.frequency - peak.frequency) > near)) kept.push(peak);
  }
  return kept;
}
