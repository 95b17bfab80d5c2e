/** The binary messages of /api/live. Pure.
 *
 * Little endian, 32 bytes before the values: u8 kind · u8 channel · u16 flags · u32 count · f64 start · f64 step ·
 * u32 watch number · u32 reserved; then float32 values.
 */

const HEADER_BYTES = 32;
const SNAPSHOT = 1;
const SINGLE_SAMPLES = 2;

/**
 * @typedef {object} Frame
 * @property {"waveform" | "samples" | "spectrum"} kind `waveform`: (minimum, maximum) a bin; `samples`: (seconds after
 *   start, value) a sample; `spectrum`: amplitude a line
 * @property {number} channel
 * @property {boolean} snapshot replaces everything before it
 * @property {number} count
 * @property {number} start Unix time in s of the first bin's beginning, or the first line's frequency in Hz
 * @property {number} step s a bin, or Hz a line
 * @property {number} watch which watch it belongs to
 * @property {Float32Array} values
 */

/**
 * @param {ArrayBuffer} bytes
 * @returns {Frame} RangeError where the bytes are no frame
 */
export function decodeFrame(bytes) {
  if (bytes.byteLength < HEADER_BYTES) throw new RangeError(`a frame has at least ${HEADER_BYTES} bytes, not ${bytes.byteLength}`);
  const view = new DataView(bytes);
  const kind = view.getUint8(0);
  const flags = view.getUint16(2, true);
  const count = view.getUint32(4, true);
  if (kind !== 1 && kind !== 2) throw new RangeError(`frames of kind ${kind} are not known`);
  const length = kind === 1 ? 2 * count : count;
  if (bytes.byteLength !== HEADER_BYTES + 4 * length) {
    throw new RangeError(`${count} values of kind ${kind} need ${HEADER_BYTES + 4 * length} bytes, not ${bytes.byteLength}`);
  }
  const step = view.getFloat64(16, true);
  if (!(step > 0)) throw new RangeError(`a step of ${step} is none`);
  return {
    kind: kind === 2 ? "spectrum" : flags & SINGLE_SAMPLES ? "samples" : "waveform",
    channel: view.getUint8(1),
    snapshot: (flags & SNAPSHOT) !== 0,
    count,
    start: view.getFloat64(8, true),
    step,
    watch: view.getUint32(24, true),
    values: floats(bytes, length),
  };
}

const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** @param {ArrayBuffer} bytes @param {number} length */
function floats(bytes, length) {
  if (LITTLE) return new Float32Array(bytes, HEADER_BYTES, length);
  const view = new DataView(bytes, HEADER_BYTES);
  return Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
}
