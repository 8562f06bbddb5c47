/** Moving the square and pulling its corners with a mouse, a finger or a pen. */
import { useRef } from 'preact/hooks';
import { moved, stretched } from './square.js';

/**
 * @typedef {import('../api/screenings.js').Square} Square
 * @typedef {import('./square.js').Picture} Picture
 * @typedef {import('./square.js').Corner} Corner
 * @typedef {{pointer: number, x: number, y: number, from: Square, corner: Corner | null, scale: number}} Drag
 */

/**
 * @param {object} options
 * @param {{current: HTMLElement | null}} options.stage shows the whole picture
 * @param {Picture} options.picture
 * @param {Square} options.square
 * @param {(square: Square) => void} options.onChange
 */
export function useSquareDrag({ stage, picture, square, onChange }) {
  const drag = useRef(/** @type {Drag | null} */ (null));
  return {
    /** @param {PointerEvent} event */
    onPointerDown(event) {
      if (event.button !== 0 || drag.current || !stage.current) return;
      const target = /** @type {HTMLElement} */ (event.target);
      const holder = /** @type {HTMLElement} */ (event.currentTarget);
      drag.current = {
        pointer: event.pointerId,
        x: event.clientX,
        y: event.clientY,
        from: square,
        corner: /** @type {Corner | undefined} */ (target.dataset.corner) ?? null,
        scale: picture.width / stage.current.getBoundingClientRect().width,
      };
      holder.setPointerCapture(event.pointerId);
      holder.focus({ preventScroll: true });
      event.preventDefault();
    },
    /** @param {PointerEvent} event */
    onPointerMove(event) {
      const start = drag.current;
      if (start?.pointer !== event.pointerId) return;
      const dx = (event.clientX - start.x) * start.scale;
      const dy = (event.clientY - start.y) * start.scale;
      onChange(
        start.corner
          ? stretched(start.from, start.corner, dx, dy, picture)
          : moved(start.from, dx, dy, picture),
      );
    },
    /** @param {PointerEvent} event */
    onPointerUp(event) {
      if (drag.current?.pointer === event.pointerId) drag.current = null;
    },
    /** @param {PointerEvent} event */
    onPointerCancel(event) {
      if (drag.current?.pointer === event.pointerId) drag.current = null;
    },
  };
}
