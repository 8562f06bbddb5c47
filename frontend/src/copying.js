/** The answer as text for a note, and onto the clipboard. */
import { CLASSES, CLASS_NAMES } from './classes.js';
import { agreement, majority } from './spread.js';
import { percent, plural } from './words.js';

/**
 * @param {string} name
 * @param {import('./shapes.js').Result} result
 */
export function asText(name, result) {
  const { x, y, size } = result.crop;
  return [
    `POCOVIDScreen: ${name}`,
    `${CLASS_NAMES[result.label]} ${percent(result.probability)}`,
    CLASSES.map((key) => `${CLASS_NAMES[key]} ${percent(result.probabilities[key])}`).join(', '),
    agreement(result),
    majority(result),
    `${plural(result.frames.length, 'frame')}; square ${size} × ${size} px at ${x}, ${y}; model ${result.model_version}`,
    result.disclaimer,
  ]
    .filter(Boolean)
    .join('\n');
}

/** @param {string} text */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Inside a hospital the page often comes over plain HTTP, where there is no clipboard API.
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.className = 'unseen';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('The browser did not allow copying.');
  return undefined;
}
