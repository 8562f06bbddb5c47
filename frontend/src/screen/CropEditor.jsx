/** The picture with the square on it. */
import { useRef } from 'preact/hooks';
import { SquareHandle } from '../shared/SquareHandle.jsx';

/**
 * @param {{
 *   recording: import('../api/screenings.js').Recording,
 *   square: import('../api/screenings.js').Square,
 *   onChange: (square: import('../api/screenings.js').Square) => void,
 * }} props
 */
export function CropEditor({ recording, square, onChange }) {
  const stage = useRef(/** @type {HTMLDivElement | null} */ (null));
  const { width, height, preview_url, proposed_crop } = recording;
  return (
    <figure class="stage">
      <div
        class="crop-stage"
        ref={stage}
        style={{ aspectRatio: `${width} / ${height}`, '--ratio': String(width / height) }}
      >
        <img src={preview_url ?? undefined} alt="The recording's first frame" draggable={false} />
        <SquareHandle
          stage={stage}
          picture={recording}
          square={square}
          proposed={proposed_crop}
          label="Square to be screened"
          describedBy="square-keys"
          onChange={onChange}
        />
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
