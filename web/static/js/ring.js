/** What was received of one channel, in order of time and of fixed size: the newest overwrites the oldest. Pure. */

export const BIN = 1;
export const SAMPLE = 2;

/**
 * Bins (their beginnings are on the grid of `step`) and single samples, mixed as they come. NaN between samples says that
 * some are missing; between bins, that there is none for a while does.
 */
export class Ring {
  /** @param {number} capacity entries @param {number} step s a bin */
  constructor(capacity, step) {
    this.capacity = capacity;
    this.step = step;
    this.length = 0;
    this.head = 0; // where the next one goes
    this.times = new Float64Array(capacity);
    this.minima = new Float32Array(capacity);
    this.maxima = new Float32Array(capacity);
    this.kinds = new Uint8Array(capacity);
  }

  clear() {
    this.length = 0;
    this.head = 0;
  }

  /** Unix time in s up to which there is data; NaN where there is none. */
  get end() {
    if (this.length === 0) return NaN;
    const at = this.#at(this.length - 1);
    return this.times[at] + (this.kinds[at] === BIN ? this.step : 0);
  }

  /**
   * Bins that follow each other. Those without a sample are left out.
   * @param {number} start of the first, Unix time in s
   * @param {Float32Array} pairs minimum and maximum in turn
   */
  putBins(start, pairs) {
    const first = Math.round(start / this.step);
    for (let i = 0; i < pairs.length >> 1; i += 1) {
      if (!Number.isNaN(pairs[2 * i])) this.#put((first + i) * this.step, pairs[2 * i], pairs[2 * i + 1], BIN);
    }
  }

  /**
   * Single samples.
   * @param {number} start Unix time in s
   * @param {Float32Array} pairs s after start, and value in turn
   */
  putSamples(start, pairs) {
    for (let i = 0; i < pairs.length >> 1; i += 1) this.#put(start + pairs[2 * i], pairs[2 * i + 1], pairs[2 * i + 1], SAMPLE);
  }

  /** @param {number} i from the oldest on @returns {number} where it lies */
  #at(i) {
    return (this.head - this.length + i + this.capacity) % this.capacity;
  }

  /** @param {number} time @returns {number} how many entries are older */
  #older(time) {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[this.#at(middle)] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** At the end, in its place, or over what is known of that time. @param {number} time @param {number} minimum @param {number} maximum @param {number} kind */
  #put(time, minimum, maximum, kind) {
    // times of samples are rounded to float32 in a frame: what is so near is the same one
    const near = 0.2 * this.step;
    let i = this.length;
    if (i > 0 && time < this.times[this.#at(i - 1)] + near) {
      i = this.#older(time - near);
      if (i < this.length && Math.abs(this.times[this.#at(i)] - time) < near && this.kinds[this.#at(i)] === kind) {
        this.#set(this.#at(i), time, minimum, maximum, kind);
        return;
      }
      i = this.#older(time);
      if (i === 0 && this.length === this.capacity) return; // older than all that is kept
    }
    const later = this.length - i;
    this.head = (this.head + 1) % this.capacity;
    this.length = Math.min(this.length + 1, this.capacity);
    for (let k = this.length - 1; k >= this.length - later; k -= 1) this.#move(this.#at(k - 1), this.#at(k));
    this.#set(this.#at(this.length - 1 - later), time, minimum, maximum, kind);
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    this.#set(to, this.times[from], this.minima[from], this.maxima[from], this.kinds[from]);
  }

  /** @param {number} at @param {number} time @param {number} minimum @param {number} maximum @param {number} kind */
  #set(at, time, minimum, maximum, kind) {
    this.times[at] = time;
    this.minima[at] = minimum;
    this.maxima[at] = maximum;
    this.kinds[at] = kind;
  }

  /**
   * Copies what lies between two times, with one entry more at each end so that lines reach the edges.
   * @param {number} from Unix time in s
   * @param {number} to
   * @param {Piece} into
   */
  copy(from, to, into) {
    const first = Math.max(0, this.#older(from) - 1);
    const after = Math.min(this.length, this.#older(to) + 1);
    into.count = Math.min(into.times.length, after - first);
    for (let i = 0; i < into.count; i += 1) {
      const at = this.#at(first + i);
      const isBin = this.kinds[at] === BIN;
      into.times[i] = this.times[at] + (isBin ? 0.5 * this.step : 0);
      into.minima[i] = this.minima[at];
      into.maxima[i] = this.maxima[at];
      into.kinds[i] = this.kinds[at];
    }
  }
}

/** A piece of a ring, as it is drawn; a bin's time is its middle. */
export class Piece {
  /** @param {number} capacity */
  constructor(capacity) {
    this.count = 0;
    this.times = new Float64Array(capacity);
    this.minima = new Float32Array(capacity);
    this.maxima = new Float32Array(capacity);
    this.kinds = new Uint8Array(capacity);
  }

  /**
   * Whether nothing was measured between an entry and the one before it.
   * @param {number} i @param {number} step s a bin
   */
  isBroken(i, step) {
    if (Number.isNaN(this.minima[i]) || Number.isNaN(this.minima[i - 1])) return true;
    return this.kinds[i] === BIN && this.kinds[i - 1] === BIN && this.times[i] - this.times[i - 1] > 1.5 * step;
  }

  /** @param {number} from s @param {number} to @returns {[number, number]} least and greatest; Infinity, −Infinity: none */
  extent(from, to) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.count; i += 1) {
      if (this.times[i] < from || this.times[i] > to) continue;
      if (this.minima[i] < low) low = this.minima[i];
      if (this.maxima[i] > high) high = this.maxima[i];
    }
    return [low, high];
  }
}
