/** Ranges and steps of axes. Pure. */

/** @param {number} width of an axis in its unit @returns {number} a round distance of ticks, about four in it */
export function niceStep(width) {
  const raw = width / 4;
  const decade = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / decade;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * decade;
}

/**
 * A range for a y axis that stays calm: it grows at once, and shrinks when less than a part of it is used for a while.
 */
export class CalmRange {
  min = NaN;
  max = NaN;
  #since = 0;

  /** @param {number} low of the data @param {number} high @param {number} now s @returns {boolean} whether it has changed */
  see(low, high, now) {
    if (!(low <= high)) return false;
    const size = Math.max(high - low, Math.abs(high) * 1e-3, Math.abs(low) * 1e-3, 1e-9);
    const step = niceStep(size / 2);
    const min = Math.floor((low - 0.04 * size) / step) * step;
    const max = Math.ceil((high + 0.04 * size) / step) * step;
    const fits = low >= this.min && high <= this.max;
    const roomy = max - min < 0.7 * (this.max - this.min);
    if (fits && !roomy) this.#since = now;
    if (fits && now - this.#since < 3) return false;
    this.#since = now;
    if (min === this.min && max === this.max) return false;
    this.min = fits ? min : Math.min(min, Number.isNaN(this.min) || roomy ? min : this.min);
    this.max = fits ? max : Math.max(max, Number.isNaN(this.max) || roomy ? max : this.max);
    return true;
  }
}
