/** What lies over the frame: on or off, which maps, how strong; their buttons are the legend. */
import { CLASS_NAMES } from './classes.js';
import { percent } from './format.js';
import { Icon } from './Icon.jsx';
import { CAM, overlay, setOverlay, toggleLayer, toggleOverlay } from './overlay.js';

/**
 * @param {{
 *   layers: readonly import('./overlay.js').Layer[],
 *   label: import('../api/screenings.js').ClassKey,
 *   frame: import('../api/screenings.js').FrameAnswer,
 *   maps: import('./signMaps.js').Maps | null,
 *   problem: string | null,
 * }} props
 */
export function OverlayControls({ layers, label, frame, maps, problem }) {
  const { on, chosen, opacity } = overlay.value;
  const shown = layers.filter(({ key }) => chosen.includes(key));
  return (
    <div class="overlay-controls">
      <button
        type="button"
        class="button overlay-switch"
        aria-pressed={on}
        title="Overlay on or off (O)"
        onClick={toggleOverlay}
      >
        <Icon name="layers" />
        Show signs
      </button>
      {on && (
        <label class="overlay-opacity">
          <span>Opacity</span>
          <input
            type="range"
            min="10"
            max="100"
            step="5"
            value={Math.round(opacity * 100)}
            onInput={({ currentTarget }) =>
              setOverlay({ opacity: Number(currentTarget.value) / 100 })
            }
          />
        </label>
      )}
      {on && (
        <div class="layers" role="group" aria-label="Shown over the picture">
          {layers.map((layer) => (
            <LayerButton
              key={layer.key}
              layer={layer}
              pressed={chosen.includes(layer.key)}
              share={shareOf(frame, layer.key)}
            />
          ))}
        </div>
      )}
      {on && (
        <div class="hint overlay-note">
          {problem ? (
            <p role="alert">The maps of this frame could not be loaded. {problem}</p>
          ) : (
            <p>{note(shown, label, maps)}</p>
          )}
          {chosen.includes(CAM) && (
            <p class="heat" aria-hidden="true">
              little <i class="heat-scale" /> much
            </p>
          )}
        </div>
      )}
    </div>
  );
}

/**
 * @param {{layer: import('./overlay.js').Layer, pressed: boolean, share: number | undefined}} props
 */
function LayerButton({ layer: { key, name, colour }, pressed, share }) {
  return (
    <button type="button" class="layer" aria-pressed={pressed} onClick={() => toggleLayer(key)}>
      <i
        class={key === CAM ? 'swatch heat-scale' : 'swatch'}
        style={key === CAM ? undefined : { background: `rgb(${colour.join(' ')})` }}
      />
      {name}
      {share !== undefined && <b>{percent(share)}</b>}
    </button>
  );
}

/**
 * How plainly the whole frame shows what a layer shows.
 * @param {import('../api/screenings.js').FrameAnswer} frame
 * @param {string} key
 */
const shareOf = ({ signs }, key) =>
  signs && key in signs
    ? signs[/** @type {import('../api/screenings.js').SignKey} */ (key)]
    : undefined;

const FAINT = 0.25 * 255;

/**
 * @param {readonly import('./overlay.js').Layer[]} shown
 * @param {import('../api/screenings.js').ClassKey} label
 * @param {import('./signMaps.js').Maps | null} maps
 */
function note(shown, label, maps) {
  if (shown.length === 0) return 'Choose what is to be shown.';
  if (shown[0].key === CAM)
    return `Where POCOVID-Net looked for ${CLASS_NAMES[label]} in this frame (Grad-CAM).`;
  const nothing = maps && shown.every(({ key }) => !maps[key] || Math.max(...maps[key]) < FAINT);
  if (nothing) return 'Nothing of this is seen in this frame.';
  return 'The stronger the colour, the surer the sign network. Lines: 50%.';
}
