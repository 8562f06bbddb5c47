/** What lies over a frame: which maps, how strong; remembered on this computer. */
import { signal } from '@preact/signals';
import { announce } from './announcer.js';
import { classified } from './outcome.js';

/**
 * @typedef {object} Layer
 * @property {string} key of a map, or `cam`
 * @property {string} name
 * @property {import('./signMaps.js').Colour} colour
 *
 * @typedef {object} Overlay
 * @property {boolean} on
 * @property {string[]} chosen keys of layers
 * @property {number} opacity 0 to 1
 */

/** Where the models looked for the class that they name (Grad-CAM); never with another layer. */
export const CAM = 'cam';

/** Told apart on grey, with any colour vision: by their lightness too. @type {readonly Layer[]} */
export const SIGN_LAYERS = [
  { key: 'pleura', name: 'Pleura', colour: [255, 221, 87] },
  { key: 'a_lines', name: 'A-lines', colour: [86, 204, 242] },
  { key: 'b_lines', name: 'B-lines', colour: [255, 122, 198] },
  { key: 'consolidation', name: 'Consolidation', colour: [240, 98, 40] },
  { key: 'effusion', name: 'Effusion', colour: [64, 128, 255] },
  { key: 'tissue', name: 'Tissue, not lung', colour: [178, 150, 120] },
  { key: 'shadow', name: 'Rib shadow', colour: [0, 190, 140] },
];

/** @type {Layer} */
const CAM_LAYER = { key: CAM, name: 'Where the models looked', colour: [0, 0, 0] };

/**
 * What can be laid over the frames of an answer.
 * @param {Pick<import('../api/screenings.js').Screening, 'frames_available' | 'result'>} answered
 * @returns {readonly Layer[]} none without pictures, without a class, or without signs
 */
export function layersOf({ frames_available, result }) {
  if (!frames_available || !result?.signs || !classified(result)) return [];
  return result.parts.includes('pocovidnet') ? [...SIGN_LAYERS, CAM_LAYER] : SIGN_LAYERS;
}

const STORAGE_KEY = 'pocovid.overlay';

/** @type {Overlay} */
const UNTOUCHED = { on: false, chosen: ['pleura', 'b_lines'], opacity: 0.7 };

export const overlay = signal(remembered());

/** @param {Partial<Overlay>} changes */
export function setOverlay(changes) {
  overlay.value = { ...overlay.value, ...changes };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(overlay.value));
  } catch {
    // A private window may have no storage: the choice then lasts as long as the page.
  }
}

/** @returns {Overlay} */
function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    const known = [...SIGN_LAYERS.map(({ key }) => key), CAM];
    return {
      on: kept.on === true,
      chosen: Array.isArray(kept.chosen)
        ? known.filter((key) => kept.chosen.includes(key))
        : UNTOUCHED.chosen,
      opacity: kept.opacity >= 0.1 && kept.opacity <= 1 ? kept.opacity : UNTOUCHED.opacity,
    };
  } catch {
    return UNTOUCHED;
  }
}

export function toggleOverlay() {
  const on = !overlay.value.on;
  setOverlay({ on });
  announce(on ? 'The overlay is on.' : 'The overlay is off.');
}

/**
 * Show one layer more or less.
 * @param {string} key
 */
export function toggleLayer(key) {
  const { chosen } = overlay.value;
  if (chosen.includes(key)) setOverlay({ chosen: chosen.filter((each) => each !== key) });
  else if (key === CAM) setOverlay({ chosen: [CAM] });
  else setOverlay({ chosen: [...chosen.filter((each) => each !== CAM), key] });
}

/**
 * Show this layer alone.
 * @param {string} key
 */
export const showAlone = (key) => setOverlay({ on: true, chosen: [key] });

/**
 * Show the next layer (+1) or the previous (-1) alone.
 * @param {readonly {key: string, name: string}[]} layers
 * @param {1 | -1} step
 */
export function stepLayer(layers, step) {
  const { on, chosen } = overlay.value;
  const at = layers.findIndex(({ key }) => chosen.includes(key));
  const next = on ? (at + step + layers.length) % layers.length : Math.max(0, at);
  showAlone(layers[next].key);
  announce(`Over the picture: ${layers[next].name}.`);
}

/**
 * What the keys do while something can be laid over a picture.
 * @param {readonly Layer[]} layers
 * @returns {import('./shortcuts.js').Shortcut[]}
 */
export const overlayKeys = (layers) => [
  { key: 'o', description: 'Signs on the picture, on or off', run: toggleOverlay },
  { key: ']', description: 'The next sign alone', run: () => stepLayer(layers, 1) },
  { key: '[', description: 'The previous sign alone', run: () => stepLayer(layers, -1) },
];
