/** What the keyboard does to the square. */
import { largest, moved, resized } from './square.js';

/** @typedef {import('../api/screenings.js').Square} Square */

/** @type {Record<string, [number, number]>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * @param {{key: string, shiftKey: boolean}} event
 * @param {Square} square
 * @param {Square} proposed
 * @param {import('./square.js').Picture} picture
 * @returns {Square | null} null: the key means nothing here
 */
export function afterKey({ key, shiftKey }, square, proposed, picture) {
  const step = Math.max(1, Math.round(largest(picture) / 100));
  const arrow = ARROWS[key];
  if (arrow && shiftKey) {
    const grows = key === 'ArrowRight' || key === 'ArrowUp';
    return resized(square, grows ? 2 * step : -2 * step, picture);
  }
  if (arrow) return moved(square, arrow[0] * step, arrow[1] * step, picture);
  if (key === '+' || key === '=') return resized(square, 2 * step, picture);
  if (key === '-' || key === '_') return resized(square, -2 * step, picture);
  if (key === 'r' || key === 'R') return proposed;
  return null;
}
