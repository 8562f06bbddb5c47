/** The square that lies on a picture: moved and sized with a pointer or the keyboard. */
import { largest, smallest } from './square.js';
import { afterKey } from './squareKeys.js';
import { useSquareDrag } from './useSquareDrag.js';

/** @type {import('./square.js').Corner[]} */
const CORNERS = ['nw', 'ne', 'sw', 'se'];

/**
 * @param {{
 *   stage: {current: HTMLElement | null},
 *   picture: import('./square.js').Picture,
 *   square: import('../api/screenings.js').Square,
 *   proposed: import('../api/screenings.js').Square,
 *   label: string,
 *   describedBy: string,
 *   onChange: (square: import('../api/screenings.js').Square) => void,
 * }} props `stage` shows the whole picture and holds the square; `proposed` is what R goes back to
 */
export function SquareHandle({ stage, picture, square, proposed, label, describedBy, onChange }) {
  const drag = useSquareDrag({ stage, picture, square, onChange });
  const { width, height } = picture;
  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = afterKey(event, square, proposed, picture);
    if (!next) return;
    event.preventDefault();
    onChange(next);
  }
  return (
    <div
      class="square"
      role="slider"
      tabIndex={0}
      aria-roledescription="movable square"
      aria-label={label}
      aria-describedby={describedBy}
      aria-valuemin={smallest(picture)}
      aria-valuemax={largest(picture)}
      aria-valuenow={square.size}
      aria-valuetext={
        `${square.size} pixels wide, ${square.x} from the left, ${square.y} from the top, ` +
        `of ${width} by ${height}`
      }
      style={{
        left: `${(square.x / width) * 100}%`,
        top: `${(square.y / height) * 100}%`,
        width: `${(square.size / width) * 100}%`,
        height: `${(square.size / height) * 100}%`,
      }}
      onKeyDown={onKeyDown}
      {...drag}
    >
      {CORNERS.map((corner) => (
        <span key={corner} class={`corner corner-${corner}`} data-corner={corner} />
      ))}
    </div>
  );
}
