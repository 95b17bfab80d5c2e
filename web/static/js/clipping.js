/** Cuts lines and polygons at a rectangle, so that nothing far outside of the picture is drawn. Pure. */

/**
 * Sutherland-Hodgman.
 * @param {Float64Array | number[]} ring `[x0, y0, x1, y1, …]`
 * @param {number} left @param {number} top @param {number} right @param {number} bottom
 * @returns {number[]} what of it is inside; empty where nothing is
 */
export function clipRing(ring, left, top, right, bottom) {
  let points = Array.from(ring);
  points = clipAt(points, 0, left, 1);
  points = clipAt(points, 0, right, -1);
  points = clipAt(points, 1, top, 1);
  return clipAt(points, 1, bottom, -1);
}

/**
 * Keeps what is on one side of a line that is parallel to an axis.
 * @param {number[]} points @param {0 | 1} axis @param {number} limit @param {1 | -1} side 1: what is greater is kept
 */
function clipAt(points, axis, limit, side) {
  /** @type {number[]} */
  const kept = [];
  const count = points.length;
  for (let i = 0; i < count; i += 2) {
    const before = i === 0 ? count - 2 : i - 2;
    const isIn = (points[i + axis] - limit) * side >= 0;
    const wasIn = (points[before + axis] - limit) * side >= 0;
    if (isIn !== wasIn) {
      const share = (limit - points[before + axis]) / (points[i + axis] - points[before + axis]);
      const other = 1 - axis;
      const crossing = points[before + other] + share * (points[i + other] - points[before + other]);
      if (axis === 0) kept.push(limit, crossing);
      else kept.push(crossing, limit);
    }
    if (isIn) kept.push(points[i], points[i + 1]);
  }
  return kept;
}

/**
 * @param {Float64Array} line
 * @returns {[number, number, number, number]} left, top, right, bottom
 */
export function bounds(line) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < line.length; i += 2) {
    left = Math.min(left, line[i]);
    right = Math.max(right, line[i]);
    top = Math.min(top, line[i + 1]);
    bottom = Math.max(bottom, line[i + 1]);
  }
  return [left, top, right, bottom];
}
