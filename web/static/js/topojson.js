/** Decodes the two kinds of geometry that the map draws, of a quantized TopoJSON file whose arcs are packed. Pure. */

/**
 * @typedef {{scale: [number, number], translate: [number, number]}} Transform
 * @typedef {{type: string, arcs: any}} Geometry
 * @typedef {{transform: Transform, arcs: string[], objects: Record<string, Geometry>}} Topology
 */

/** Printable characters that need no escape in JSON. The first half ends a number, the second half goes on. */
const FIRST = 33;
const LEFT_OUT = [34, 92];
const HALF = 46;

/**
 * Numbers that were packed into a text: in base 46, the lowest digit first, zigzag (0, −1, 1, −2, 2 …).
 * @param {string} text
 * @returns {number[]}
 */
export function unpack(text) {
  const numbers = [];
  let value = 0;
  let unit = 1;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const digit = code - FIRST - LEFT_OUT.filter((one) => one < code).length;
    value += (digit % HALF) * unit;
    if (digit >= HALF) {
      unit *= HALF;
      continue;
    }
    numbers.push(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
    value = 0;
    unit = 1;
  }
  return numbers;
}

/**
 * The lines of a topology as coordinates, each `[x0, y0, x1, y1, …]` in degrees.
 * @param {Topology} topology
 * @returns {Float64Array[]}
 */
export function decodeArcs(topology) {
  const { scale, translate } = topology.transform;
  return topology.arcs.map((text) => {
    const points = Float64Array.from(unpack(text));
    const at = [0, 0];
    for (let i = 0; i < points.length; i += 1) {
      const axis = i % 2;
      at[axis] += points[i];
      points[i] = at[axis] * scale[axis] + translate[axis];
    }
    return points;
  });
}

/**
 * Joins arcs to one line; a negative index is the arc `~index` backwards. The point where two meet is there once.
 * @param {Float64Array[]} arcs
 * @param {number[]} indices
 */
export function join(arcs, indices) {
  const parts = indices.map((index) => (index < 0 ? reversed(arcs[~index]) : arcs[index]));
  const length = parts.reduce((sum, part) => sum + part.length, 0) - 2 * (parts.length - 1);
  const line = new Float64Array(length);
  let at = 0;
  parts.forEach((part, i) => {
    line.set(i === 0 ? part : part.subarray(2), at);
    at += part.length - (i === 0 ? 0 : 2);
  });
  return line;
}

/** @param {Float64Array} points */
function reversed(points) {
  const back = new Float64Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    back[i] = points[points.length - 2 - i];
    back[i + 1] = points[points.length - 1 - i];
  }
  return back;
}

/**
 * A line that crosses the date line goes on beyond ±180° instead of jumping to the other side.
 * @param {Float64Array} line
 */
export function unwrapped(line) {
  const whole = Float64Array.from(line);
  for (let i = 2; i < whole.length; i += 2) {
    whole[i] -= 360 * Math.round((whole[i] - whole[i - 2]) / 360);
  }
  return whole;
}

/**
 * The rings of a (Multi)Polygon, holes too, or the lines of a MultiLineString.
 * @param {Topology} topology
 * @param {string} name
 * @returns {Float64Array[]}
 */
export function linesOf(topology, name) {
  const arcs = decodeArcs(topology);
  const { type, arcs: given } = topology.objects[name];
  const lines = type === "MultiPolygon" ? given.flat() : given;
  return lines.map((/** @type {number[]} */ indices) => join(arcs, indices));
}
