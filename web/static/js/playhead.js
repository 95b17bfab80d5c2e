/** Which moment the right edge of a waveform shows, so that it moves steadily though data comes in lumps. Pure.
 *
 * The edge stays behind this computer's clock by the most that data has lately been late: nobody has to agree on what
 * time it is. Until enough has come, what the server says (`delay_s`) is believed.
 */

const REMEMBERED = 256; // arrivals
const FORGET_S = 6;
const PAUSE_S = 4; // after so long without data the sensor was away: that says nothing of how late its data is
const SLEW = 0.15; // the edge's speed differs from the clock's by at most this share

export class Playhead {
  /** @param {number | null} delayS what the server says that data is late, by clocks that agree */
  constructor(delayS) {
    this.delay = Math.max(0, delayS ?? 0);
    this.lag = this.delay; // what the edge is behind now
    this.newest = NaN;
    this.measured = false;
    this.settling = false;
    this.at = NaN;
    this.arrivals = new Float64Array(REMEMBERED).fill(-Infinity);
    this.lags = new Float64Array(REMEMBERED);
    this.next = 0;
  }

  /** So long without data is a pause: batches of slow sensors are long. */
  get pause() {
    return Math.max(PAUSE_S, 3 * this.delay);
  }

  /**
   * Data has come.
   * @param {number} end Unix time in s up to which there is data
   * @param {number} now s by this computer's clock
   */
  arrive(end, now) {
    if (end <= this.newest) return;
    const grew = end - this.newest; // NaN: the first
    if (grew < this.pause) {
      this.arrivals[this.next] = now;
      const late = now - this.newest; // of the newest, at the last moment before this came
      this.lags[this.next] = late;
      if (this.settling) this.lag = Math.max(this.lag, late); // at first without softness
      this.settling = false;
      this.next = (this.next + 1) % REMEMBERED;
    } else this.measured = false;
    if (!this.measured) {
      this.measured = true;
      this.settling = true;
      const late = now - end;
      this.lag = this.delay > late && this.delay - late < this.pause ? this.delay : late;
    }
    this.newest = end;
  }

  /** @param {number} now @returns {number} the most that data was late in the last seconds; NaN: nothing came */
  #worst(now) {
    const forget = Math.max(FORGET_S, 3 * this.delay);
    let worst = NaN;
    for (let i = 0; i < REMEMBERED; i += 1) {
      if (now - this.arrivals[i] <= forget && !(this.lags[i] <= worst)) worst = this.lags[i];
    }
    return worst;
  }

  /**
   * @param {number} now s by this computer's clock, rising
   * @returns {number} Unix time in s of the edge
   */
  edge(now) {
    const passed = Number.isNaN(this.at) ? 0 : Math.max(0, now - this.at);
    this.at = now;
    const off = this.#worst(now) - this.lag;
    if (Math.abs(off) > this.pause) this.lag += off;
    else if (off) this.lag += Math.sign(off) * Math.min(Math.abs(off), SLEW * passed);
    return now - this.lag;
  }
}
