/** Where text was found in a picture: boxes over it, and what is done with each. */
import './textOverlay.css';

/**
 * @typedef {import('../api/schema.d.ts').TextBoxOut} TextBox
 * @typedef {import('../api/schema.d.ts').TextDecision} TextDecision
 */

/** Numbered boxes over a picture. @param {{boxes: readonly TextBox[], picture: {width: number, height: number}}} props */
export function TextOverlay({ boxes, picture: { width, height } }) {
  return (
    <div class="text-overlay" aria-hidden="true">
      {boxes.map((box, n) => (
        <span
          key={n}
          class={`text-box ${box.masked ? 'text-box-masked' : ''}`}
          style={{
            left: `${(100 * box.x) / width}%`,
            top: `${(100 * box.y) / height}%`,
            width: `${(100 * box.width) / width}%`,
            height: `${(100 * box.height) / height}%`,
          }}
        >
          {n + 1}
        </span>
      ))}
    </div>
  );
}

/**
 * The boxes in a list, each to mask or to keep.
 * @param {{
 *   boxes: readonly TextBox[],
 *   disabled?: boolean,
 *   onDecide: (place: number, decision: TextDecision) => void,
 * }} props
 */
export function TextDecisions({ boxes, disabled = false, onDecide }) {
  return (
    <ol class="text-decisions">
      {boxes.map((box, n) => (
        <li key={n}>
          <span>
            <b>Text {n + 1}</b> {sentenceOf(box)}
          </span>
          <span class="text-choice" role="group" aria-label={`Text ${n + 1}`}>
            <button
              type="button"
              class="button"
              aria-pressed={box.masked && box.decision !== null}
              disabled={disabled}
              onClick={() => onDecide(n, 'mask')}
            >
              Mask
            </button>
            <button
              type="button"
              class="button"
              aria-pressed={box.decision === 'keep'}
              disabled={disabled}
              onClick={() => onDecide(n, 'keep')}
            >
              Keep
            </button>
          </span>
        </li>
      ))}
    </ol>
  );
}

/** @param {TextBox} box */
export const needsDecision = (box) => box.inside && box.name_like && box.decision === null;

/** The box as it will be once it is decided. @param {TextBox} box @param {TextDecision} decision */
export const withDecision = (box, decision) => ({
  ...box,
  decision,
  masked: decision === 'mask',
});

/** @param {TextBox} box */
function sentenceOf(box) {
  const where = box.inside ? 'in the square' : 'outside the square';
  if (needsDecision(box)) return `${where}: it may name a person. Mask it, or keep it.`;
  return `${where}: ${box.masked ? 'black in the dataset' : 'stays in the dataset'}.`;
}
