/** Web Mercator: latitude and longitude to a world of 1 × 1 (0, 0 at the north-west), and what one sees of it. Pure. */

const MOST_LATITUDE = 85.0511;
const EQUATOR_M = 40_075_016.686;

/** @param {number} longitude degrees */
export function worldX(longitude) {
  return longitude / 360 + 0.5;
}

/** @param {number} latitude degrees */
export function worldY(latitude) {
  const sine = Math.sin((Math.max(-MOST_LATITUDE, Math.min(MOST_LATITUDE, latitude)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/** @param {number} x */
export function longitudeOf(x) {
  return (x - 0.5) * 360;
}

/** @param {number} y */
export function latitudeOf(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

/** What is seen: centre in the world, pixels a world, and the size of the picture in pixels. */
export class Viewport {
  x = 0.5;
  y = 0.5;
  scale = 256;
  width = 1;
  height = 1;
  leastScale = 100;
  mostScale = 2e9; // 2 cm a pixel

  /** @param {number} x in the world @returns {number} pixel */
  px(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  /** @param {number} y in the world @returns {number} pixel */
  py(y) {
    return (y - this.y) * this.scale + this.height / 2;
  }

  /** @param {number} px pixel @returns {number} in the world */
  wx(px) {
    return (px - this.width / 2) / this.scale + this.x;
  }

  /** @param {number} py pixel @returns {number} in the world */
  wy(py) {
    return (py - this.height / 2) / this.scale + this.y;
  }

  /** Metres a pixel in the middle. */
  get metres() {
    return (EQUATOR_M * Math.cos((latitudeOf(this.y) * Math.PI) / 180)) / this.scale;
  }

  /** @param {number} dx pixels @param {number} dy pixels */
  pan(dx, dy) {
    this.x = Math.max(0, Math.min(1, this.x - dx / this.scale));
    this.y = Math.max(0, Math.min(1, this.y - dy / this.scale));
  }

  /** Zooms so that what lies under a pixel stays there. @param {number} factor @param {number} px @param {number} py */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const x = this.wx(px);
    const y = this.wy(py);
    this.scale = Math.max(this.leastScale, Math.min(this.mostScale, this.scale * factor));
    this.x = Math.max(0, Math.min(1, x - (px - this.width / 2) / this.scale));
    this.y = Math.max(0, Math.min(1, y - (py - this.height / 2) / this.scale));
  }

  /**
   * Shows all of a box in the world, with a margin, and no more than `mostScale`.
   * @param {{left: number, top: number, right: number, bottom: number}} box
   * @param {number} [margin] pixels
   * @param {number} [mostScale]
   */
  fit(box, margin = 40, mostScale = 6e6) {
    this.x = (box.left + box.right) / 2;
    this.y = (box.top + box.bottom) / 2;
    const wide = Math.max(1, this.width - 2 * margin) / Math.max(box.right - box.left, 1e-12);
    const high = Math.max(1, this.height - 2 * margin) / Math.max(box.bottom - box.top, 1e-12);
    this.scale = Math.max(this.leastScale, Math.min(mostScale, wide, high));
  }
}

/** @param {number} value @returns {number} the largest of 1, 2, 5 × 10ⁿ that is not larger */
export function niceBelow(value) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const lead = value / decade;
  return (lead >= 5 - 1e-9 ? 5 : lead >= 2 - 1e-9 ? 2 : 1) * decade;
}

/**
 * A bar of round length that is at most so wide.
 * @param {number} metresPerPixel
 * @param {number} mostPixels
 * @returns {{pixels: number, text: string}}
 */
export function scaleBar(metresPerPixel, mostPixels) {
  const metres = niceBelow(metresPerPixel * mostPixels);
  const text = metres >= 1000 ? `${metres / 1000} km` : metres >= 1 ? `${metres} m` : `${Math.round(metres * 100)} cm`;
  return { pixels: metres / metresPerPixel, text };
}

const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005, 0.00002, 0.00001];

/**
 * How far graticule lines are apart, in degrees.
 * @param {number} degreesPerPixel
 * @param {number} leastPixels
 */
export function graticuleStep(degreesPerPixel, leastPixels) {
  const wanted = degreesPerPixel * leastPixels;
  return [...STEPS].reverse().find((step) => step >= wanted) ?? 30;
}

/** @param {number} degrees @param {number} step @param {string} positive @param {string} negative → 53.54° N */
export function degreesText(degrees, step, positive, negative) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const text = Math.abs(degrees).toFixed(decimals);
  return Number(text) === 0 ? "0°" : `${text}° ${degrees < 0 ? negative : positive}`;
}
