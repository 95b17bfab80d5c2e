import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame } from "../../web/static/js/frames.js";

/** A frame as the server makes it. */
function frame({ kind = 1, channel = 2, flags = 0, count, start = 1_800_000_000.25, step = 0.0125, watch = 7, values }) {
  const bytes = new ArrayBuffer(32 + 4 * values.length);
  const view = new DataView(bytes);
  view.setUint8(0, kind);
  view.setUint8(1, channel);
  view.setUint16(2, flags, true);
  view.setUint32(4, count, true);
  view.setFloat64(8, start, true);
  view.setFloat64(16, step, true);
  view.setUint32(24, watch, true);
  values.forEach((value, i) => view.setFloat32(32 + 4 * i, value, true));
  return bytes;
}

test("a waveform's frame has its bins, where they are and whose they are", () => {
  const given = decodeFrame(frame({ count: 2, values: [-1, 1, NaN, NaN] }));
  assert.equal(given.kind, "waveform");
  assert.deepEqual([given.channel, given.count, given.start, given.step, given.watch, given.snapshot], [2, 2, 1_800_000_000.25, 0.0125, 7, false]);
  assert.deepEqual([...given.values], [-1, 1, NaN, NaN]);
});

test("flags say that a frame replaces everything, and that it has single samples", () => {
  assert.equal(decodeFrame(frame({ flags: 1, count: 0, values: [] })).snapshot, true);
  assert.equal(decodeFrame(frame({ flags: 3, count: 1, values: [0, 5] })).kind, "samples");
});

test("a spectrum has one value a line", () => {
  const given = decodeFrame(frame({ kind: 2, count: 3, start: 0, step: 0.5, values: [1, 2, 3] }));
  assert.deepEqual([given.kind, given.values.length, given.step], ["spectrum", 3, 0.5]);
});

test("what is no frame is refused", () => {
  assert.throws(() => decodeFrame(new ArrayBuffer(31)), /at least 32 bytes/);
  assert.throws(() => decodeFrame(frame({ kind: 9, count: 0, values: [] })), /kind 9/);
  assert.throws(() => decodeFrame(frame({ count: 3, values: [1, 2] })), /need 56 bytes/);
  assert.throws(() => decodeFrame(frame({ count: 0, step: 0, values: [] })), /step of 0/);
});
