/** Numbers, times and names as people read them. Pure. */

export const NOTHING = "–";

/**
 * A number with so many significant digits, without an exponent in the usual range: 0.0123, 1.23, 123, 12,300.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value === 0) return "0";
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits))))); // 0.9999 is 1.00, not 1.000
  if (magnitude < -4 || magnitude > 9) return minus(value.toExponential(digits - 1));
  const decimals = Math.max(0, Math.min(10, digits - 1 - magnitude));
  return minus(value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
}

/** @param {number | null | undefined} value a count: 12,345 */
export function integer(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  return minus(Math.round(value).toLocaleString("en"));
}

/** @param {string} text with a real minus sign, as wide as a plus */
function minus(text) {
  return text.replace("-", "\u2212");
}

/** @param {number | null | undefined} hertz as given to a sensor: 4 kHz, 12.5 Hz, 0.1 Hz */
export function frequency(hertz) {
  if (hertz === null || hertz === undefined || !Number.isFinite(hertz)) return NOTHING;
  if (hertz >= 1e6) return `${trimmed(hertz / 1e6)} MHz`;
  if (hertz >= 1e3) return `${trimmed(hertz / 1e3)} kHz`;
  return `${trimmed(hertz)} Hz`;
}

/** @param {number} value @param {number} [digits] significant ones at most, no zeros at the end */
export function trimmed(value, digits = 5) {
  return minus(String(Number(value.toPrecision(digits))));
}

/** @param {number | null | undefined} seconds as 12 ms, 1.5 s, 42 s, 3 min, 2.5 h, 4 d */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  const size = Math.abs(seconds);
  if (size < 1e-3) return `${trimmed(Math.round(seconds * 1e6))} µs`;
  if (size < 0.9995) return `${trimmed(Math.round(seconds * 1e3))} ms`;
  if (size < 9.95) return `${trimmed(Math.round(seconds * 10) / 10)} s`;
  if (size < 99.5) return `${Math.round(seconds)} s`;
  if (size < 5_970) return `${Math.round(seconds / 60)} min`;
  if (size < 172_800) return `${trimmed(Math.round(seconds / 360) / 10)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/**
 * How long ago: "now" within a second.
 * @param {number | null | undefined} ms Unix
 * @param {number} nowMs Unix, of the server's clock
 */
export function age(ms, nowMs) {
  if (ms === null || ms === undefined) return NOTHING;
  const seconds = (nowMs - ms) / 1000;
  if (seconds < -5) return `in ${duration(-seconds)}`;
  return seconds < 1 ? "now" : duration(seconds < 10 ? Math.floor(seconds) : seconds);
}

/** @param {number} value @param {number} [width] */
const padded = (value, width = 2) => String(value).padStart(width, "0");

/** @param {number | null | undefined} ms Unix → 14:03:22, local */
export function clock(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  const at = new Date(ms);
  return `${padded(at.getHours())}:${padded(at.getMinutes())}:${padded(at.getSeconds())}`;
}

/** @param {number | null | undefined} ms Unix → 2026-07-04 14:03:22, local */
export function moment(ms) {
  if (ms === null || ms === undefined) return NOTHING;
  const at = new Date(ms);
  return `${at.getFullYear()}-${padded(at.getMonth() + 1)}-${padded(at.getDate())} ${clock(ms)}`;
}

/**
 * The time alone where it is today's, else with the day.
 * @param {number | null | undefined} ms
 * @param {number} nowMs
 */
export function momentShort(ms, nowMs) {
  if (ms === null || ms === undefined) return NOTHING;
  return new Date(ms).toDateString() === new Date(nowMs).toDateString() ? clock(ms) : moment(ms).slice(5, 16);
}

/** Of local time: UTC+02:00. @param {Date} [at] */
export function utcOffset(at = new Date()) {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "\u2212" : "+"}${padded(Math.floor(size / 60))}:${padded(size % 60)}`;
}

/** @param {number} severity 1 to 1000 as in OPC UA; 0: none */
export function severityName(severity) {
  if (!severity) return "none";
  return severity > 666 ? "high" : severity > 333 ? "medium" : "low";
}

/** @param {string | null | undefined} name LIKE_THIS, like_this → Like this */
export function words(name) {
  if (!name) return NOTHING;
  const text = name.replaceAll("_", " ").toLowerCase();
  return text[0].toUpperCase() + text.slice(1);
}

/** @param {number} degrees @param {string} positive @param {string} negative @param {number} decimals */
function angle(degrees, positive, negative, decimals) {
  return `${Math.abs(degrees).toFixed(decimals)}° ${degrees < 0 ? negative : positive}`;
}

/** @param {number | null | undefined} latitude @param {number | null | undefined} longitude → 53.5436° N, 9.9663° E */
export function position(latitude, longitude) {
  if (latitude === null || latitude === undefined || longitude === null || longitude === undefined) return NOTHING;
  return `${angle(latitude, "N", "S", 4)}, ${angle(longitude, "E", "W", 4)}`;
}

/** @param {number | null | undefined} ms Unix @param {number} nowMs → "now", "3 s ago" */
export function ago(ms, nowMs) {
  const text = age(ms, nowMs);
  return text === "now" || text === NOTHING || text.startsWith("in ") ? text : `${text} ago`;
}

/** @type {[RegExp, string][]} how names of fields end, and what that means */
const UNITS = [
  [/_hz$/, "Hz"],
  [/_rpm$/, "rpm"],
  [/_db$/, "dB"],
  [/_mm_s$/, "mm/s"],
  [/_ms$/, "ms"],
  [/_s$/, "s"],
  [/_m$/, "m"],
  [/_percent$/, "%"],
];

/**
 * A field's name for people, and its unit: sample_frequency_hz → Sample frequency, Hz
 * @param {string} key
 */
export function named(key) {
  const [ending, unit] = UNITS.find(([pattern]) => pattern.test(key)) ?? [/$^/, ""];
  return { name: words(key.replace(ending, "")), unit };
}
