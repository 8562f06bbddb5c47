/** The recording as it plays, with the square on it: seen brighter or larger, never changed. */
import { useEffect, useRef } from 'preact/hooks';
import { SquareHandle } from '../shared/SquareHandle.jsx';

/**
 * @param {{
 *   contribution: import('../api/reviews.js').Contribution,
 *   image: HTMLImageElement | null,
 *   square: import('../api/screenings.js').Square,
 *   brightness: number,
 *   enlarged: boolean,
 *   onSquare: (square: import('../api/screenings.js').Square) => void,
 *   overlay?: import('preact').ComponentChildren,
 *   children?: import('preact').ComponentChildren,
 * }} props `overlay` lies over the whole picture, `children` lie over the proposed square, which the models saw
 */
export function CineView({
  contribution,
  image,
  square,
  brightness,
  enlarged,
  onSquare,
  overlay,
  children,
}) {
  const stage = useRef(/** @type {HTMLDivElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const { width, height, proposed_crop } = contribution;
  useEffect(() => {
    const target = canvas.current;
    if (!target || !image) return;
    if (target.width !== image.naturalWidth) target.width = image.naturalWidth;
    if (target.height !== image.naturalHeight) target.height = image.naturalHeight;
    target.getContext('2d')?.drawImage(image, 0, 0);
  }, [image]);
  return (
    <div
      class="cine-view"
      style={{ aspectRatio: `${width} / ${height}`, '--ratio': width / height }}
    >
      <div
        class="cine-stage"
        ref={stage}
        style={{ transform: enlarged ? enlargement(square, contribution) : undefined }}
      >
        <canvas
          ref={canvas}
          // eslint-disable-next-line jsx-a11y/no-interactive-element-to-noninteractive-role -- it only shows the picture
          role="img"
          aria-label="The recording"
          style={{ filter: brightness === 1 ? undefined : `brightness(${brightness})` }}
        />
        {overlay}
        {children && (
          <div class="cine-over" style={placeOf(proposed_crop, contribution)}>
            {children}
          </div>
        )}
        <SquareHandle
          stage={stage}
          picture={contribution}
          square={square}
          proposed={proposed_crop}
          label="Square for the dataset"
          describedBy="cine-keys"
          onChange={onSquare}
        />
      </div>
    </div>
  );
}

/**
 * Where a square lies in the picture.
 * @param {import('../api/screenings.js').Square} square
 * @param {import('../shared/square.js').Picture} picture
 */
const placeOf = ({ x, y, size }, { width, height }) => ({
  left: `${(100 * x) / width}%`,
  top: `${(100 * y) / height}%`,
  width: `${(100 * size) / width}%`,
  height: `${(100 * size) / height}%`,
});

/**
 * What brings the square to the middle, almost as large as the view.
 * @param {import('../api/screenings.js').Square} square
 * @param {import('../shared/square.js').Picture} picture
 */
function enlargement({ x, y, size }, { width, height }) {
  const scale = Math.max(1, (0.94 * Math.min(width, height)) / size);
  const left = 50 - ((x + size / 2) / width) * 100 * scale;
  const top = 50 - ((y + size / 2) / height) * 100 * scale;
  return `translate(${left}%, ${top}%) scale(${scale})`;
}
