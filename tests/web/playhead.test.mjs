import assert from "node:assert/strict";
import { test } from "node:test";

import { Playhead } from "../../web/static/js/playhead.js";

/** Plays: batches of so many s come so late; what the edge did at each of 60 frames a second from `settled` s on. */
function play({ batch, late, seconds, delay = null, ahead = 0, settled = 8, jitter = () => 0 }) {
  const head = new Playhead(delay);
  const edges = [];
  let next = batch;
  for (let frame = 0; frame < seconds * 60; frame += 1) {
    const now = 1000 + frame / 60;
    while (1000 + next + late + jitter(next) <= now) {
      head.arrive(1000 + next + ahead, now);
      next += batch;
    }
    const edge = head.edge(now);
    if (frame / 60 > settled) edges.push({ now, edge, newest: head.newest });
  }
  return edges;
}

/** The largest and the smallest speed, s a s. */
function speeds(edges) {
  const found = edges.slice(1).map((one, i) => (one.edge - edges[i].edge) / (one.now - edges[i].now));
  return [Math.min(...found), Math.max(...found)];
}

for (const [name, given] of Object.entries({
  "batches of a second": { batch: 1, late: 0.1, seconds: 30 },
  "batches of a tenth": { batch: 0.1, late: 0.05, seconds: 20 },
  "a sensor whose clock is an hour ahead": { batch: 1, late: 0.1, seconds: 30, ahead: 3600 },
  "batches of ten seconds, as the server says": { batch: 10, late: 0.2, seconds: 90, delay: 10.2, settled: 45 },
})) {
  test(`the edge moves steadily, and never beyond what has come: ${name}`, () => {
    const edges = play(given);
    const [slowest, fastest] = speeds(edges);
    assert.ok(slowest > 0.8 && fastest < 1.2, `${slowest} to ${fastest}`);
    assert.ok(edges.every((one) => one.edge <= one.newest + 0.02));
    assert.ok(edges.every((one) => one.edge > one.newest - given.batch - 0.3), "it is not later than it has to be");
  });
}

test("what comes later than before holds the edge back softly", () => {
  const edges = play({ batch: 0.2, late: 0.05, seconds: 30, jitter: (at) => (at > 15 ? 0.3 : 0) });
  const [slowest, fastest] = speeds(edges);
  assert.ok(slowest > 0.8 && fastest < 1.2, `${slowest} to ${fastest}`);
  assert.ok(edges.at(-1).edge <= edges.at(-1).newest + 0.02);
});

test("after a sensor was away the edge goes on where its data is", () => {
  const head = new Playhead(0.5);
  for (let i = 0; i < 50; i += 1) head.arrive(100 + i * 0.1, 100.1 + i * 0.1);
  head.edge(105);
  for (let i = 0; i < 20; i += 1) head.arrive(300 + i * 0.1, 300.1 + i * 0.1);
  assert.ok(Math.abs(head.edge(302) - 301.5) < 0.6);
});

test("before anything has come the server's word is taken", () => {
  assert.equal(new Playhead(1.5).edge(100), 98.5);
});
