/** Which moment the right edge of a waveform shows, so that it moves steadily though data comes in lumps. Pure.
 *
 * The edge stays behind this computer's clock by the most that data has lately been late: nobody has to agree on what
 * time it is. Until enough has come, what the server says (`delay_s`) is believed.
 */

const REMEMBERED = 64; // arrivals
const FORGET_S = 6;
const PAUSE_S = 4; // after so long without data the sensor was away: that says nothing of how late its data is
const SLEW = 0.15; // the edge's speed differs from the clock's by at most this share

export class Playhead {
  /** @param {number} lagS first guess: server's delay, by clocks that agree */
  constructor(lagS) {
    this.lag = lagS; // what the edge is behind now
    this.newest = NaN;
    this.measured = false;
    this.at = NaN;
    this.arrivals = new Float64Array(REMEMBERED).fill(-Infinity);
    this.lags = new Float64Array(REMEMBERED);
    this.next = 0;
  }

  /**
   * Data has come.
   * @param {number} end Unix time in s up to which there is data
   * @param {number} now s by this computer's clock
   */
  arrive(end, now) {
    if (!(end > this.newest)) {
      if (Number.isNaN(this.newest)) this.newest = end;
      return;
    }
    const waited = now - this.newest; // how far behind the newest was, at the last moment before this came
    const grew = end - this.newest;
    if (grew < PAUSE_S) this.#remember(waited, now);
    else this.measured = false;
    if (!this.measured) {
      this.measured = true;
      this.lag = Math.max(now - end, this.lag > 0 && Math.abs(this.lag - (now - end)) < PAUSE_S ? this.lag : 0);
    }
    this.newest = end;
  }

  /** @param {number} lag @param {number} now */
  #remember(lag, now) {
    this.arrivals[this.next] = now;
    this.lags[this.next] = lag;
    this.next = (this.next + 1) % REMEMBERED;
  }

  /** @param {number} now @returns {number} the most that data was late in the last seconds; NaN: nothing came */
  #worst(now) {
    let worst = NaN;
    for (let i = 0; i < REMEMBERED; i += 1) {
      if (now - this.arrivals[i] <= FORGET_S && !(this.lags[i] <= worst)) worst = this.lags[i];
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
    const wanted = this.#worst(now);
    if (!Number.isNaN(wanted)) {
      const off = wanted - this.lag;
      if (Math.abs(off) > PAUSE_S) this.lag = wanted;
      else this.lag += Math.sign(off) * Math.min(Math.abs(off), SLEW * passed);
    }
    return now - this.lag;
  }
}
