import assert from "node:assert/strict";
import { test } from "node:test";

import { BIN, Piece, Ring, SAMPLE } from "../../web/static/js/ring.js";

const STEP = 0.01;
const T = 1_800_000_000; // Unix time in s, where a float64 still has 0.2 µs

const bins = (...values) => Float32Array.from(values.flatMap((value) => (value === null ? [NaN, NaN] : [-value, value])));

function all(ring, from = 0, to = 4e9) {
  const piece = new Piece(ring.capacity);
  ring.copy(from, to, piece);
  return piece;
}

const maxima = (piece) => [...piece.maxima.subarray(0, piece.count)];

test("bins are kept in order, and their time is their middle", () => {
  const ring = new Ring(10, STEP);
  ring.putBins(T, bins(1, 2));
  ring.putBins(T + 2 * STEP, bins(3));
  const piece = all(ring);
  assert.deepEqual(maxima(piece), [1, 2, 3]);
  assert.ok(Math.abs(piece.times[0] - (T + STEP / 2)) < 1e-6);
  assert.ok(Math.abs(ring.end - (T + 3 * STEP)) < 1e-6);
});

test("a full ring forgets the oldest and does not grow", () => {
  const ring = new Ring(4, STEP);
  for (let i = 0; i < 1000; i += 1) ring.putBins(T + i * STEP, bins(i));
  assert.deepEqual(maxima(all(ring)), [996, 997, 998, 999]);
  assert.equal(ring.times.length, 4);
});

test("a bin that is given again is what was given last", () => {
  const ring = new Ring(10, STEP);
  ring.putBins(T, bins(1, 2, 3));
  ring.putBins(T + STEP, bins(20));
  assert.deepEqual(maxima(all(ring)), [1, 20, 3]);
});

test("late bins get where they belong, also in a ring that has gone round", () => {
  const ring = new Ring(6, STEP);
  for (let i = 0; i < 20; i += 1) if (i !== 17) ring.putBins(T + i * STEP, bins(i));
  ring.putBins(T + 17 * STEP, bins(17));
  assert.deepEqual(maxima(all(ring)), [14, 15, 16, 17, 18, 19]);
});

test("what is older than all that a full ring has is left out", () => {
  const ring = new Ring(3, STEP);
  ring.putBins(T, bins(1, 2, 3));
  ring.putBins(T - 5 * STEP, bins(9));
  assert.deepEqual(maxima(all(ring)), [1, 2, 3]);
});

test("bins without samples are gaps", () => {
  const ring = new Ring(10, STEP);
  ring.putBins(T, bins(1, null, 3, 4));
  const piece = all(ring);
  assert.deepEqual(maxima(piece), [1, 3, 4]);
  assert.deepEqual([piece.isBroken(1, STEP), piece.isBroken(2, STEP)], [true, false]);
});

test("samples are joined however far apart, unless one is said to be missing", () => {
  const ring = new Ring(10, STEP);
  ring.putSamples(T, Float32Array.of(0, 5, 1, 6, 2.5, NaN, 3, 7));
  const piece = all(ring);
  assert.deepEqual([...piece.kinds.subarray(0, 4)], [SAMPLE, SAMPLE, SAMPLE, SAMPLE]);
  assert.deepEqual([1, 2, 3].map((i) => piece.isBroken(i, STEP)), [false, true, true]);
});

test("two samples of a bin are two, the same one from two frames is one", () => {
  const ring = new Ring(10, STEP);
  ring.putSamples(T, Float32Array.of(0, 1, 0.006, 2, 0.012, 3));
  ring.putSamples(T - 40, Float32Array.of(40.006, 2, 40.012, 3, 40.018, 4)); // offsets are rounded to float32
  assert.deepEqual(maxima(all(ring)), [1, 2, 3, 4]);
});

test("bins and samples mix: a sensor that became faster", () => {
  const ring = new Ring(10, STEP);
  ring.putSamples(T, Float32Array.of(0, 1, 1, 2));
  ring.putBins(T + 1.5, bins(3, 4));
  const piece = all(ring);
  assert.deepEqual([...piece.kinds.subarray(0, 4)], [SAMPLE, SAMPLE, BIN, BIN]);
  assert.equal(piece.isBroken(2, STEP), false);
});

test("a copy reaches one entry beyond each edge, and has the extent of what is between", () => {
  const ring = new Ring(100, STEP);
  ring.putBins(T, bins(...Array.from({ length: 50 }, (_, i) => i + 1)));
  const piece = new Piece(100);
  ring.copy(T + 0.1, T + 0.2, piece);
  assert.deepEqual([piece.maxima[0], piece.maxima[piece.count - 1]], [10, 21]);
  assert.deepEqual(piece.extent(T + 0.1, T + 0.2), [-20, 20]);
  assert.deepEqual(piece.extent(0, 1), [Infinity, -Infinity]);
});

test("a ring that was cleared has nothing, and takes anything", () => {
  const ring = new Ring(4, STEP);
  ring.putBins(T, bins(1));
  ring.clear();
  assert.ok(Number.isNaN(ring.end));
  ring.putBins(T - 100, bins(7));
  assert.deepEqual(maxima(all(ring)), [7]);
});
