/** Setting the square and asking for the answer. */
import { patch, unscreened } from './items.js';
import { advice } from '../api/problem.js';
import { screen, screenAll } from './screenings.js';
import { fitted, largest, isSameSquare } from '../shared/square.js';
import { CropEditor } from './CropEditor.jsx';
import { Icon } from '../shared/Icon.jsx';
import { SquareFields } from './SquareFields.jsx';

/** @param {{item: import('./items.js').Item}} props */
export function CropView({ item }) {
  const { key, recording, square, adjusting, screening, problem } = item;
  if (!recording || !square) return null;
  const proposed = recording.proposed_crop;
  const others = unscreened.value.length;
  /** @param {import('../api/screenings.js').Square} next */
  const change = (next) => patch(key, { square: next });
  return (
    <div class="crop">
      <CropEditor recording={recording} square={square} onChange={change} />
      <div class="crop-side">
        <h2>Check the square</h2>
        <p>
          Only the area inside the square is screened. It should contain the ultrasound field,
          without text, rulers or scale bars.
        </p>
        <div class="actions">
          <button
            type="button"
            class="button"
            disabled={isSameSquare(square, proposed)}
            onClick={() => change(proposed)}
          >
            <Icon name="reset" />
            Proposed square
          </button>
          <button type="button" class="button" onClick={() => change(widest(square, recording))}>
            <Icon name="square" />
            Largest square
          </button>
        </div>
        {looksLinear(item) && (
          <ProbeChoice probe={item.probe} onChange={(probe) => patch(key, { probe })} />
        )}
        <SquareFields square={square} picture={recording} onChange={change} />
        {problem && (
          <p class="notice notice-problem" role="alert">
            {problem.detail} <b>{advice(problem)}</b>
          </p>
        )}
        <div class="actions actions-main">
          <button
            type="button"
            class="button button-primary button-large"
            onClick={() => void screen(key)}
          >
            {adjusting ? 'Screen again' : 'Screen'}
          </button>
          {!adjusting && others > 1 && (
            <button type="button" class="button button-large" onClick={() => void screenAll()}>
              Screen all ({others})
            </button>
          )}
          {adjusting && screening && (
            <button
              type="button"
              class="button button-large"
              onClick={() =>
                patch(key, {
                  adjusting: false,
                  square: screening.crop,
                  probe: screening.probe,
                  problem: null,
                })
              }
            >
              Back to the result
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

/** Whether the latest screening was of a linear probe, or should have been. @param {import('./items.js').Item} item */
const looksLinear = ({ probe, screening }) =>
  probe === 'linear' ||
  screening?.probe === 'linear' ||
  Boolean(screening?.result?.reasons.some(({ code }) => code === 'linear_probe'));

/**
 * @param {{
 *   probe: import('../api/screenings.js').Probe,
 *   onChange: (probe: import('../api/screenings.js').Probe) => void,
 * }} props
 */
function ProbeChoice({ probe, onChange }) {
  return (
    <fieldset class="field probe-choice">
      <legend>Screen as</legend>
      {PROBES.map(({ key, words }) => (
        <label key={key} class="check">
          <input type="radio" name="probe" checked={probe === key} onChange={() => onChange(key)} />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

/** @type {{key: import('../api/screenings.js').Probe, words: string}[]} */
const PROBES = [
  { key: 'convex', words: 'Convex probe' },
  { key: 'linear', words: 'Linear probe (answered by signs alone)' },
];

/**
 * @param {import('../api/screenings.js').Square} square
 * @param {import('../shared/square.js').Picture} picture
 */
function widest({ x, y, size }, picture) {
  const side = largest(picture);
  const shift = (size - side) / 2; // around where the square is now
  return fitted({ x: x + shift, y: y + shift, size: side }, picture);
}
