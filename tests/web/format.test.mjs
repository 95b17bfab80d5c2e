import assert from "node:assert/strict";
import { test } from "node:test";

import { age, ago, duration, frequency, integer, momentShort, named, number, position, severityName, trimmed, utcOffset, words } from "../../web/static/js/format.js";

test("numbers have as many digits as are asked for, whatever their size", () => {
  assert.equal(number(0.012345), "0.0123");
  assert.equal(number(1.5, 4), "1.500");
  assert.equal(number(0.99996), "1.00");
  assert.equal(number(99.97), "100");
  assert.equal(number(12345.678), "12,346");
  assert.equal(number(-4.2, 2), "\u22124.2");
  assert.equal(number(1.234e-7), "1.23e\u22127");
  assert.equal(number(0), "0");
});

test("what is no number is a dash", () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    assert.equal(number(value), "–");
    assert.equal(integer(value), "–");
    assert.equal(duration(value), "–");
    assert.equal(frequency(value), "–");
  }
  assert.equal(position(null, 9.9), "–");
});

test("frequencies have the unit that keeps them short", () => {
  assert.equal(frequency(0.1), "0.1 Hz");
  assert.equal(frequency(1000), "1 kHz");
  assert.equal(frequency(26_667), "26.667 kHz");
  assert.equal(frequency(1.5e6), "1.5 MHz");
});

test("durations go from microseconds to days, and no unit overflows", () => {
  assert.equal(duration(12e-6), "12 µs");
  assert.equal(duration(0.1326), "133 ms");
  assert.equal(duration(0.9996), "1 s");
  assert.equal(duration(59.6), "60 s");
  assert.equal(duration(3_600), "60 min");
  assert.equal(duration(9_000), "2.5 h");
  assert.equal(duration(4 * 86_400), "4 d");
});

test("ages are by the given clock, also where it is behind", () => {
  assert.equal(age(1_000, 1_900), "now");
  assert.equal(age(1_000, 4_500), "3 s");
  assert.equal(ago(1_000, 4_500), "3 s ago");
  assert.equal(ago(null, 4_500), "–");
  assert.equal(age(20_000, 1_000), "in 19 s");
});

test("a moment of another day has its day", () => {
  const now = new Date(2026, 6, 4, 12, 0, 0).getTime();
  assert.equal(momentShort(now - 3_600_000, now), "11:00:00");
  assert.equal(momentShort(now - 86_400_000, now), "07-03 12:00");
});

test("the offset of local time to UTC is written with its sign", () => {
  assert.equal(utcOffset(/** @type {any} */ ({ getTimezoneOffset: () => -330 })), "UTC+05:30");
  assert.equal(utcOffset(/** @type {any} */ ({ getTimezoneOffset: () => 480 })), "UTC\u221208:00");
});

test("severities are classes as OPC UA has them", () => {
  assert.deepEqual([0, 1, 333, 334, 666, 667, 1000].map(severityName), ["none", "low", "low", "medium", "medium", "high", "high"]);
});

test("names of fields become words and units", () => {
  assert.deepEqual(named("sample_frequency_hz"), { name: "Sample frequency", unit: "Hz" });
  assert.deepEqual(named("duration_s"), { name: "Duration", unit: "s" });
  assert.deepEqual(named("alarm_id"), { name: "Alarm id", unit: "" });
  assert.equal(words("ACTIVE_UNACKNOWLEDGED"), "Active unacknowledged");
  assert.equal(trimmed(0.82), "0.82");
});
