import assert from "node:assert/strict";
import { test } from "node:test";

import { LineSplitter } from "../../web/static/js/lines.js";
import { distinct, strongest } from "../../web/static/js/peaks.js";
import { match } from "../../web/static/js/routes.js";
import { CalmRange, niceStep } from "../../web/static/js/ranges.js";
import { measuredSpeed } from "../../web/static/js/shaft.js";
import { amplitudeText, decades, decimalsOf, fixed, tick } from "../../web/static/js/ticks.js";

test("the strongest lines of a spectrum are found, also between two lines, and noise is none", () => {
  const amplitudes = Float32Array.from({ length: 1000 }, (_, i) => 0.001 + 0.0002 * Math.sin(i * 12.9));
  const put = (line, height) => {
    for (let i = -3; i <= 3; i += 1) amplitudes[Math.round(line) + i] += height * Math.exp(-((Math.round(line) + i - line) ** 2));
  };
  put(100, 1);
  put(300.4, 0.5);
  put(700, 0.25);
  const found = strongest(amplitudes, 0, 0.5, 5);
  assert.equal(found.length, 3);
  for (const [i, hertz] of [50, 150.2, 350].entries()) assert.ok(Math.abs(found[i].frequency - hertz) < 0.1, `${found[i].frequency} is not ${hertz}`);
  assert.deepEqual(strongest(new Float32Array(100), 0, 1, 5), []);
});

test("a peak of several channels is told once, of the strongest", () => {
  const peaks = [{ channel: 0, frequency: 50, amplitude: 1 }, { channel: 1, frequency: 50.1, amplitude: 2 }, { channel: 0, frequency: 80, amplitude: 0.5 }];
  assert.deepEqual(distinct(peaks, 0.5).map((one) => [one.channel, one.frequency]), [[1, 50.1], [0, 80]]);
});

test("an address finds its view and what it names", () => {
  const routes = [["/", "fleet"], ["/sensors/{serial}", "sensor"], ["/alarms", "alarms"]];
  assert.deepEqual(match(routes, "/"), { found: "fleet", parameters: {} });
  assert.deepEqual(match(routes, "/sensors/pump-1"), { found: "sensor", parameters: { serial: "pump-1" } });
  assert.deepEqual(match(routes, "/sensors/a%20b/"), { found: "sensor", parameters: { serial: "a b" } });
  assert.equal(match(routes, "/sensors/"), null);
  assert.equal(match(routes, "/sensors/a/b"), null);
  assert.equal(match(routes, "/sensors/%E0%A4%A"), null);
});

test("lines are whole, however the stream is cut", () => {
  const lines = new LineSplitter();
  assert.deepEqual(lines.push('{"a":'), []);
  assert.deepEqual(lines.push('1}\n\n{"b":2}\n{'), ['{"a":1}', '{"b":2}']);
  assert.deepEqual(lines.push("}\n"), ["{}"]);
});

test("a calm range grows at once and shrinks only after a while", () => {
  const range = new CalmRange();
  range.see(-0.9, 0.9, 0);
  const [min, max] = [range.min, range.max];
  assert.ok(min <= -0.9 && min > -2 && max >= 0.9 && max < 2);
  assert.equal(range.see(-0.8, 0.85, 1), false);
  range.see(-4.97, 4.4, 2);
  assert.ok(range.min <= -4.97 && range.min > -8 && range.max >= 4.4);
  assert.equal(range.see(-0.1, 0.1, 3), false);
  assert.equal(range.see(-0.1, 0.1, 6.5), true);
  assert.ok(range.max < 0.5);
  assert.equal(range.see(Infinity, -Infinity, 7), false);
});

test("a constant has a range around it", () => {
  const range = new CalmRange();
  range.see(61, 61, 0);
  assert.ok(range.min < 61 && range.max > 61);
  range.min = NaN;
  range.see(0, 0, 0);
  assert.ok(range.min < range.max);
});

test("ticks are told apart by as many decimals as they need", () => {
  assert.deepEqual([[0, 1], [0, 2.5], [0, 0.25], [0, 0.001]].map(decimalsOf), [0, 1, 2, 3]);
  assert.equal(fixed(-2.5, 1), "\u22122.5");
  assert.equal(fixed(-0.01, 1), "0.0");
  assert.equal(niceStep(10), 5);
});

test("times on an axis are as fine as its ticks, and none is between two seconds", () => {
  const at = new Date(2026, 6, 4, 14, 3, 22).getTime() / 1000;
  assert.equal(tick(at, 1), "14:03:22");
  assert.equal(tick(at + 0.5, 0.5), "03:22.5");
  assert.equal(tick(at + 0.1999999, 0.1), "03:22.2");
  assert.equal(tick(at - 1e-9, 0.1), "03:22.0");
});

test("a logarithmic axis has its decades written", () => {
  assert.deepEqual(decades(1e-5, 1), [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]);
  assert.deepEqual([1e-5, 0.01, 1, 0.03].map((value) => amplitudeText(value, true)), ["1e-5", "0.01", "1", ""]);
  assert.equal(amplitudeText(0.15, false), "0.15");
});

test("a shaft's speed is where three of its orders stand, within the slip of a motor, else it is not known", () => {
  const [step, nominal, turning] = [0.488, 29.6, 29.26];
  const noise = () => Float32Array.from({ length: 1024 }, (_, i) => 0.001 + 0.0002 * Math.sin(i * 12.9));
  const put = (amplitudes, hertz, height) => {
    const line = hertz / step;
    for (let i = Math.round(line) - 3; i <= Math.round(line) + 3; i += 1) amplitudes[i] += height * Math.exp(-((i - line) ** 2));
  };
  const machine = noise();
  for (const [order, height] of [[1, 0.12], [2, 0.06], [3, 0.04], [3.585, 0.2], [7.17, 0.1]]) put(machine, order * turning, height);
  const found = measuredSpeed(machine, 0, step, nominal);
  assert.equal(found?.clear, 3);
  assert.ok(Math.abs(found.hertz - turning) < 0.02, `${found.hertz} is not ${turning}`);
  const two = noise(); // 50 Hz of the mains and its double are no speed
  for (const [order, height] of [[1, 0.1], [2, 0.1]]) put(two, order * 50, height);
  assert.equal(measuredSpeed(two, 0, step, 49.5), null);
  assert.equal(measuredSpeed(noise(), 0, step, nominal), null);
  assert.equal(measuredSpeed(machine, 0, step, 2), null); // orders would be four lines apart
  assert.equal(measuredSpeed(machine, 0, step, 0), null);
});
