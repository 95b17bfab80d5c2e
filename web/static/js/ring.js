/** Memory of fixed size for what was received: the newest overwrites the oldest, nothing grows. Pure. */

/** Bins of (minimum, maximum) on the grid k·step. Bins that never came are gaps (NaN). */
export class BinRing {
  /** @param {number} capacity bins @param {number} step s a bin */
  constructor(capacity, step) {
    this.capacity = capacity;
    this.step = step;
    this.newest = -1; // grid index of the newest bin; -1: there is none
    this.minima = new Float32Array(capacity).fill(NaN);
    this.maxima = new Float32Array(capacity).fill(NaN);
  }

  /** Unix time in s of the end of the newest bin; NaN where there is none. */
  get end() {
    return this.newest < 0 ? NaN : (this.newest + 1) * this.step;
  }

  clear() {
    this.newest = -1;
    this.minima.fill(NaN);
    this.maxima.fill(NaN);
  }

  /**
   * Takes bins in; those that are older than what is kept are left out, those in between are filled in.
   * @param {number} start of the first bin, s
   * @param {Float32Array} values minimum and maximum in turn
   */
  put(start, values) {
    const first = Math.round(start / this.step);
    const count = values.length >> 1;
    if (count === 0) return;
    const last = first + count - 1;
    if (this.newest < 0 || last - this.newest >= this.capacity) this.#begin(last);
    else this.#open(last);
    const oldest = this.newest - this.capacity + 1;
    for (let i = Math.max(0, oldest - first); i < count; i += 1) {
      const minimum = values[2 * i];
      const at = (first + i) % this.capacity;
      if (Number.isNaN(minimum) && !Number.isNaN(this.minima[at])) continue; // a late frame's gap hides no bin
      this.minima[at] = minimum;
      this.maxima[at] = values[2 * i + 1];
    }
  }

  /** @param {number} last */
  #begin(last) {
    this.clear();
    this.newest = last;
  }

  /** @param {number} last bins between the newest and this one are gaps until they come */
  #open(last) {
    for (let k = this.newest + 1; k <= last; k += 1) {
      this.minima[k % this.capacity] = NaN;
      this.maxima[k % this.capacity] = NaN;
    }
    this.newest = Math.max(this.newest, last);
  }

  /**
   * Copies what lies between two times into arrays of the caller's.
   * @param {number} from s
   * @param {number} to s
   * @param {Float64Array} times middles of the bins
   * @param {Float32Array} minima
   * @param {Float32Array} maxima
   * @returns {number} bins that were written, at most the arrays' length
   */
  copy(from, to, times, minima, maxima) {
    if (this.newest < 0) return 0;
    const first = Math.max(this.newest - this.capacity + 1, Math.floor(from / this.step), 0);
    const last = Math.min(this.newest, Math.ceil(to / this.step));
    const count = Math.min(times.length, last - first + 1);
    for (let i = 0; i < count; i += 1) {
      const at = (first + i) % this.capacity;
      times[i] = (first + i + 0.5) * this.step;
      minima[i] = this.minima[at];
      maxima[i] = this.maxima[at];
    }
    return Math.max(0, count);
  }
}

/** Single samples in order of time, of a sensor that is slower than the bins. */
export class SampleRing {
  /** @param {number} capacity samples */
  constructor(capacity) {
    this.capacity = capacity;
    this.length = 0;
    this.head = 0; // where the next one goes
    this.times = new Float64Array(capacity);
    this.values = new Float32Array(capacity);
  }

  /** Unix time in s of the newest; NaN where there is none. */
  get end() {
    return this.length === 0 ? NaN : this.times[this.#at(this.length - 1)];
  }

  clear() {
    this.length = 0;
    this.head = 0;
  }

  /**
   * Takes samples in; those that are not newer than the newest are late or known, and are put where they belong.
   * @param {number} start s
   * @param {Float32Array} pairs seconds after start and value in turn
   */
  put(start, pairs) {
    for (let i = 0; i < pairs.length >> 1; i += 1) this.#insert(start + pairs[2 * i], pairs[2 * i + 1]);
  }

  /** @param {number} i from the oldest on @returns {number} where it lies */
  #at(i) {
    return (this.head - this.length + i + this.capacity) % this.capacity;
  }

  /** @param {number} time @param {number} value */
  #insert(time, value) {
    let i = this.length;
    while (i > 0 && this.times[this.#at(i - 1)] > time) i -= 1;
    if (i > 0 && this.times[this.#at(i - 1)] === time) {
      this.values[this.#at(i - 1)] = value;
      return;
    }
    if (i === 0 && this.length === this.capacity) return; // older than all that is kept
    const late = this.length - i;
    this.head = (this.head + 1) % this.capacity;
    this.length = Math.min(this.length + 1, this.capacity);
    const last = this.length - 1;
    for (let k = 0; k < late; k += 1) {
      this.times[this.#at(last - k)] = this.times[this.#at(last - k - 1)];
      this.values[this.#at(last - k)] = this.values[this.#at(last - k - 1)];
    }
    this.times[this.#at(last - late)] = time;
    this.values[this.#at(last - late)] = value;
  }

  /**
   * Copies what lies between two times, with one sample before so that a line enters from the left.
   * @param {number} from s
   * @param {number} to s
   * @param {Float64Array} times
   * @param {Float32Array} minima the same as maxima: one value each
   * @param {Float32Array} maxima
   * @returns {number} samples that were written
   */
  copy(from, to, times, minima, maxima) {
    let first = 0;
    while (first < this.length && this.times[this.#at(first)] < from) first += 1;
    first = Math.max(0, first - 1);
    let count = 0;
    for (let i = first; i < this.length && count < times.length; i += 1) {
      const at = this.#at(i);
      if (this.times[at] > to) break;
      times[count] = this.times[at];
      minima[count] = this.values[at];
      maxima[count] = this.values[at];
      count += 1;
    }
    return count;
  }
}
