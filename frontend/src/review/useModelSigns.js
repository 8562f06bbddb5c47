/** What the model sees in the frame that is shown, once the verdict is given; before it, nothing. */
import { signMaps } from '../api/reviews.js';
import { classified } from '../shared/outcome.js';
import { layersOf, overlay } from '../shared/overlay.js';
import { useSignMaps } from '../shared/useSignMaps.js';

/**
 * @typedef {object} ModelSigns
 * @property {readonly import('../shared/overlay.js').Layer[]} layers
 * @property {import('../api/screenings.js').ClassKey} label
 * @property {import('../api/screenings.js').FrameAnswer} frame the one nearest in time
 * @property {import('../shared/useSignMaps.js').Maps | null} maps
 * @property {string | null} problem
 * @property {boolean} on
 * @property {readonly string[]} chosen
 * @property {number} opacity
 */

/**
 * @param {import('./drafts.js').Given | null} given
 * @param {number} time_s of the frame that is shown
 * @returns {ModelSigns | null} null without a verdict, or where the model names no class or signs
 */
export function useModelSigns(given, time_s) {
  const result = given?.modelAnswer ?? null;
  const layers = layersOf({ frames_available: true, result });
  const frame = result && layers.length > 0 ? nearestFrame(result.frames, time_s) : null;
  const label = result && classified(result)?.label;
  const { on, chosen, opacity } = overlay.value;
  const wanted = on && layers.length > 0;
  const { maps, problem } = useSignMaps(
    signMaps,
    given?.contributionId ?? '',
    frame?.index ?? 0,
    null,
    wanted,
  );
  if (!frame || !label) return null;
  return { layers, label, frame, maps, problem, on, chosen, opacity };
}

/**
 * The models saw three frames a second, the player has all of them.
 * @param {readonly import('../api/screenings.js').FrameAnswer[]} frames
 * @param {number} time_s
 */
const nearestFrame = (frames, time_s) =>
  frames.reduce(
    (best, each) => (Math.abs(each.time_s - time_s) < Math.abs(best.time_s - time_s) ? each : best),
    frames[0],
  );
