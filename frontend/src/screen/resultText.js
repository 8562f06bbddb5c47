/** The answer as text for a note. */
import { CLASSES, CLASS_NAMES } from '../shared/classes.js';
import { agreement, majorityNote } from './agreement.js';
import { percent, plural } from '../shared/format.js';
import { anywayMark, classified, leftOutNote, refusal } from '../shared/outcome.js';
import { SIGNS } from '../shared/signs.js';
import { FINDINGS } from '../shared/terms.js';
import { partsNote, reliabilityNote } from './reliability.js';

/**
 * @param {string} name
 * @param {import('../api/screenings.js').Result} result
 * @param {import('../api/screenings.js').Probe} probe
 */
export function resultText(name, result, probe) {
  const { x, y, size } = result.crop;
  return [
    `POCOVIDScreen: ${name}`,
    ...answerLines(result, probe),
    `${plural(result.frames.length, 'frame')}; square ${size} × ${size} px at ${x}, ${y}; model ${result.model_version}`,
    result.disclaimer,
  ]
    .filter(Boolean)
    .join('\n');
}

/**
 * @param {import('../api/screenings.js').Result} result
 * @param {import('../api/screenings.js').Probe} probe
 */
function answerLines(result, probe) {
  const answer = classified(result);
  const reason = refusal(result);
  if (!answer) return ['Not answered.', reason && `${reason.title}. ${reason.message}`];
  const { label, probability, probabilities, signs, sentence } = answer;
  return [
    anywayMark(answer)?.toUpperCase(),
    `${CLASS_NAMES[label]} ${percent(probability)}`,
    CLASSES.map((key) => `${CLASS_NAMES[key]} ${percent(probabilities[key])}`).join(', '),
    reliabilityNote(answer),
    answer.models.length > 1 && agreement(answer),
    majorityNote(answer),
    partsNote(answer, probe),
    leftOutNote(answer),
    sentence && `Signs: ${sentence}`,
    signs && SIGNS.map((key) => `${FINDINGS[key]} ${percent(signs[key].probability)}`).join(', '),
  ];
}
