import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bounds, clipRing } from "../../web/static/js/clipping.js";
import { boxOf, clustered, projected } from "../../web/static/js/clusters.js";
import { degreesText, graticuleStep, latitudeOf, longitudeOf, niceBelow, scaleBar, Viewport, worldX, worldY } from "../../web/static/js/mercator.js";
import { decodeArcs, join, linesOf, unpack, unwrapped } from "../../web/static/js/topojson.js";

const near = (a, b, within = 1e-9) => assert.ok(Math.abs(a - b) < within, `${a} is not ${b}`);

test("the projection is Web Mercator and can be undone", () => {
  near(worldX(0), 0.5);
  near(worldY(0), 0.5);
  near(worldY(85.0511), 0, 1e-6);
  near(worldX(9.9663) * 256, 135.0871, 1e-3); // a tile's pixel, zoom 0
  near(worldY(53.5436) * 256, 82.7461, 1e-3);
  for (const latitude of [-80, -33.9, 0, 53.5]) near(latitudeOf(worldY(latitude)), latitude);
  near(longitudeOf(worldX(-122.4)), -122.4);
});

test("zooming leaves what is under the pointer where it is", () => {
  const view = new Viewport();
  Object.assign(view, { width: 400, height: 300, scale: 5000, x: worldX(10), y: worldY(53) });
  const [x, y] = [view.wx(320), view.wy(40)];
  view.zoom(1.7, 320, 40);
  near(view.px(x), 320, 1e-6);
  near(view.py(y), 40, 1e-6);
  view.zoom(1e12);
  assert.equal(view.scale, view.mostScale);
});

test("a box that is fitted is wholly seen, and one sensor is not seen under a microscope", () => {
  const view = new Viewport();
  Object.assign(view, { width: 400, height: 300 });
  view.fit({ left: 0.5, right: 0.6, top: 0.3, bottom: 0.31 }, 40);
  assert.ok(view.px(0.5) >= 39.9 && view.px(0.6) <= 360.1);
  view.fit({ left: 0.5, right: 0.5, top: 0.3, bottom: 0.3 });
  assert.ok(view.metres > 1);
});

test("the scale bar has a round length that is true at this latitude", () => {
  const view = new Viewport();
  Object.assign(view, { width: 400, height: 300, scale: 256 * 2 ** 15, x: 0.5, y: worldY(60) });
  near(view.metres, 40_075_016.686 / 2 / (256 * 2 ** 15), 1e-3);
  const bar = scaleBar(view.metres, 120);
  assert.equal(bar.text, "200 m");
  near(bar.pixels * view.metres, 200, 1e-6);
  assert.equal(scaleBar(10_000, 120).text, "1000 km");
  assert.deepEqual([0.9, 1, 2.5, 5, 99].map(niceBelow), [0.5, 1, 2, 5, 50]);
});

test("graticule lines are apart by round angles, and labelled with as many digits as they need", () => {
  assert.equal(graticuleStep(0.7, 90), 30);
  assert.equal(graticuleStep(0.0001, 90), 0.01);
  assert.equal(degreesText(53.54, 0.02, "N", "S"), "53.54° N");
  assert.equal(degreesText(-30, 30, "N", "S"), "30° S");
  assert.equal(degreesText(0, 10, "E", "W"), "0°");
});

test("dense positions become clusters that have all of them, the worst severity, and do not depend on panning", () => {
  const positions = Array.from({ length: 10_000 }, (_, i) => ({ serial_number: `s${i}`, latitude: 50 + (i % 100) * 1e-5, longitude: 10 + i * 1e-6, state: "AWAKE", severity: i === 77 ? 800 : 0, target: null }));
  const { xs, ys } = projected(positions);
  const made = clustered(positions, xs, ys, 1e-6);
  assert.ok(made.length < 2_000);
  assert.equal(made.reduce((sum, one) => sum + one.count, 0), 10_000);
  assert.equal(made.filter((one) => one.severity === 800).length, 1);
  for (const one of made) {
    const box = boxOf(xs, ys, one.members);
    assert.ok(one.x >= box.left - 1e-12 && one.x <= box.right + 1e-12);
  }
});

test("positions that are far apart stay single", () => {
  const positions = [[53.5, 9.9], [48.1, 11.6], [-33.9, 18.4]].map(([latitude, longitude], i) => ({ serial_number: `s${i}`, latitude, longitude, state: "AWAKE", severity: 0, target: null }));
  const { xs, ys } = projected(positions);
  assert.deepEqual(clustered(positions, xs, ys, 1e-4).map((one) => one.count), [1, 1, 1]);
});

/** As world.json is packed: zigzag, base 46, the lowest digit first; the second half of the alphabet goes on. */
function pack(numbers) {
  const alphabet = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((one) => one !== '"' && one !== "\\");
  return numbers
    .map((number) => {
      let rest = number < 0 ? -2 * number - 1 : 2 * number;
      let text = "";
      for (; rest >= 46; rest = Math.floor(rest / 46)) text += alphabet[46 + (rest % 46)];
      return text + alphabet[rest];
    })
    .join("");
}

const SQUARES = {
  transform: { scale: [0.5, 0.5], translate: [10, 20] },
  arcs: [pack([0, 0, 2, 0, 0, 2]), pack([2, 2, -2, 0, 0, -2])],
  objects: { land: { type: "MultiPolygon", arcs: [[[0, 1]], [[~1, ~0]]] }, borders: { type: "MultiLineString", arcs: [[~0]] } },
};

test("packed numbers of any size and sign are what they were", () => {
  const numbers = [0, -1, 1, 22, -23, 23, -1058, 1057, 8191, -8192, 1e6, ...Array.from({ length: 200 }, (_, i) => (i - 100) * 37)];
  assert.deepEqual(unpack(pack(numbers)), numbers);
  assert.deepEqual(unpack(""), []);
});

test("a line that crosses the date line goes on beyond it", () => {
  assert.deepEqual([...unwrapped(Float64Array.of(170, 60, 179, 61, -179, 62, -170, 63, 179, 64))], [170, 60, 179, 61, 181, 62, 190, 63, 179, 64]);
});

test("arcs are decoded from differences, scaled and moved", () => {
  assert.deepEqual([...decodeArcs(SQUARES)[0]], [10, 20, 11, 20, 11, 21]);
});

test("rings are joined of arcs, backwards where their index is negative", () => {
  const [ring, back] = linesOf(SQUARES, "land");
  assert.deepEqual([...ring], [10, 20, 11, 20, 11, 21, 10, 21, 10, 20]);
  assert.deepEqual([...back], [10, 20, 10, 21, 11, 21, 11, 20, 10, 20]);
  assert.deepEqual([...linesOf(SQUARES, "borders")[0]], [11, 21, 11, 20, 10, 20]);
  assert.deepEqual([...join(decodeArcs(SQUARES), [0])], [10, 20, 11, 20, 11, 21]);
});

test("a ring is cut at a rectangle", () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];
  assert.deepEqual(bounds(Float64Array.from(clipRing(square, 5, 5, 20, 20))), [5, 5, 10, 10]);
  assert.deepEqual(clipRing(square, 20, 20, 30, 30), []);
  assert.equal(clipRing(square, -1, -1, 11, 11).length, 8);
});

test("the outlines that are shipped can be drawn, and are where they should be", () => {
  const world = JSON.parse(readFileSync(new URL("../../web/static/vendor/natural-earth/world.json", import.meta.url), "utf8"));
  const land = linesOf(world, "land");
  const [left, top, right, bottom] = bounds(Float64Array.from(land.flatMap((ring) => [...ring])));
  assert.ok(left >= -180.1 && right <= 180.1 && top >= -90.1 && bottom <= 90.1);
  assert.ok(land.length > 50 && linesOf(world, "borders").length > 100);
  const inside = (x, y) => land.filter((ring) => crossings(ring, x, y) % 2 === 1).length % 2 === 1;
  assert.ok(inside(10.5, 51.2), "Germany is land");
  assert.ok(!inside(-30, 40), "the Atlantic is not");
});

/** How often a ray to the east crosses a ring. */
function crossings(ring, x, y) {
  let count = 0;
  for (let i = 2; i < ring.length; i += 2) {
    const [x0, y0, x1, y1] = [ring[i - 2], ring[i - 1], ring[i], ring[i + 1]];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) count += 1;
  }
  return count;
}
