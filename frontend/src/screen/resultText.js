/** The answer as text for a note. */
import { CLASSES, CLASS_NAMES } from '../shared/classes.js';
import { agreement, majorityNote } from './agreement.js';
import { percent, plural } from '../shared/format.js';

/**
 * @param {string} name
 * @param {import('../api/screenings.js').Result} result
 */
export function resultText(name, result) {
  const { x, y, size } = result.crop;
  return [
    `POCOVIDScreen: ${name}`,
    `${CLASS_NAMES[result.label]} ${percent(result.probability)}`,
    CLASSES.map((key) => `${CLASS_NAMES[key]} ${percent(result.probabilities[key])}`).join(', '),
    agreement(result),
    majorityNote(result),
    `${plural(result.frames.length, 'frame')}; square ${size} × ${size} px at ${x}, ${y}; model ${result.model_version}`,
    result.disclaimer,
  ]
    .filter(Boolean)
    .join('\n');
}
