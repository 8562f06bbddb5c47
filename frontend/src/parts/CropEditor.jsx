/** The picture with the square on it. */
import { useRef } from 'preact/hooks';
import { largest, smallest } from '../square.js';
import { afterKey } from './squareKeys.js';
import { useSquareDrag } from './useSquareDrag.js';

/** @type {import('../square.js').Corner[]} */
const CORNERS = ['nw', 'ne', 'sw', 'se'];

/**
 * @param {{
 *   recording: import('../shapes.js').Recording,
 *   square: import('../shapes.js').Square,
 *   onChange: (square: import('../shapes.js').Square) => void,
 * }} props
 */
export function CropEditor({ recording, square, onChange }) {
  const stage = useRef(/** @type {HTMLDivElement | null} */ (null));
  const drag = useSquareDrag({ stage, picture: recording, square, onChange });
  const { width, height, preview_url, proposed_crop } = recording;
  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = afterKey(event, square, proposed_crop, recording);
    if (!next) return;
    event.preventDefault();
    onChange(next);
  }
  return (
    <figure class="stage">
      <div
        class="crop-stage"
        ref={stage}
        style={{ aspectRatio: `${width} / ${height}`, '--ratio': String(width / height) }}
      >
        <img src={preview_url ?? undefined} alt="The recording's first frame" draggable={false} />
        <div
          class="square"
          role="slider"
          tabIndex={0}
          aria-roledescription="movable square"
          aria-label="Square to be screened"
          aria-describedby="square-keys"
          aria-valuemin={smallest(recording)}
          aria-valuemax={largest(recording)}
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
      </div>
      <figcaption id="square-keys">
        Drag the square or a corner.{' '}
        <span class="keys">
          Keys: <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>+</kbd> <kbd>−</kbd>{' '}
          resize, <kbd>R</kbd> resets.
        </span>
      </figcaption>
    </figure>
  );
}
