/** The square on a picture: moving and sizing it without ever leaving the picture. */

/** @typedef {import('../api/screenings.js').Square} Square */
/** @typedef {{width: number, height: number}} Picture */
/** @typedef {'nw' | 'ne' | 'sw' | 'se'} Corner */

const SMALLEST = 32;

/** @param {Picture} picture @returns {number} the side of the smallest square worth screening */
export const smallest = ({ width, height }) => Math.min(SMALLEST, width, height);

/** @param {Picture} picture @returns {number} */
export const largest = ({ width, height }) => Math.min(width, height);

/**
 * The nearest square of whole pixels inside the picture.
 * @param {Square} square
 * @param {Picture} picture
 * @returns {Square}
 */
export function fitted(square, picture) {
  const size = clamp(Math.round(square.size), smallest(picture), largest(picture));
  return {
    x: clamp(Math.round(square.x), 0, picture.width - size),
    y: clamp(Math.round(square.y), 0, picture.height - size),
    size,
  };
}

/**
 * @param {Square} square
 * @param {number} dx
 * @param {number} dy
 * @param {Picture} picture
 * @returns {Square}
 */
export function moved(square, dx, dy, picture) {
  return fitted({ ...square, x: square.x + dx, y: square.y + dy }, picture);
}

/**
 * Grown (or shrunk) by `by` pixels around its centre, as far as the picture allows.
 * @param {Square} square
 * @param {number} by
 * @param {Picture} picture
 * @returns {Square}
 */
export function resized(square, by, picture) {
  const size = clamp(square.size + by, smallest(picture), largest(picture));
  const shift = (square.size - size) / 2;
  return fitted({ x: square.x + shift, y: square.y + shift, size }, picture);
}

/**
 * One corner dragged by (dx, dy) while the opposite one stays where it is.
 * @param {Square} square
 * @param {Corner} corner
 * @param {number} dx
 * @param {number} dy
 * @param {Picture} picture
 * @returns {Square}
 */
export function stretched(square, corner, dx, dy, picture) {
  const west = corner.includes('w');
  const north = corner.includes('n');
  const right = square.x + square.size;
  const bottom = square.y + square.size;
  const growth = ((west ? -dx : dx) + (north ? -dy : dy)) / 2;
  const room = Math.min(
    west ? right : picture.width - square.x,
    north ? bottom : picture.height - square.y,
  );
  const size = Math.round(clamp(square.size + growth, Math.min(smallest(picture), room), room));
  return { x: west ? right - size : square.x, y: north ? bottom - size : square.y, size };
}

/**
 * @param {Square} a
 * @param {Square} b
 */
export const isSameSquare = (a, b) => a.x === b.x && a.y === b.y && a.size === b.size;

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
