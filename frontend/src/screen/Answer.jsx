/** The class and its probability, how often such answers are right, and how far the models agree. */
import { CLASS_NAMES } from '../shared/classes.js';
import { agreement, closeCallNote, majorityNote } from './agreement.js';
import { percent } from '../shared/format.js';
import { anywayMark, leftOutNote } from '../shared/outcome.js';
import { Bars } from '../shared/Bars.jsx';
import { partsNote, reliabilityBasis, reliabilityNote } from './reliability.js';

/**
 * @param {{
 *   result: import('../shared/outcome.js').Classified,
 *   probe: import('../api/screenings.js').Probe,
 * }} props
 */
export function Answer({ result, probe }) {
  const mark = anywayMark(result);
  const notes = [leftOutNote(result), closeCallNote(result), majorityNote(result)].filter(
    (note) => note !== null,
  );
  return (
    <div class="answer">
      {mark && (
        <p class="notice notice-problem anyway-mark">
          <b>{mark}</b> This mark stays with the answer.
        </p>
      )}
      <h2 class={`verdict class-${result.label}`}>
        <small>Most probable class</small>
        <span class="verdict-name">{CLASS_NAMES[result.label]}</span>{' '}
        <span class="verdict-share">{percent(result.probability)}</span>
      </h2>
      <Bars probabilities={result.probabilities} models={result.models} />
      <p class="reliability">
        {reliabilityNote(result)} <span class="hint">{reliabilityBasis(result)}</span>
      </p>
      {result.models.length > 1 && <p>{agreement(result)}</p>}
      <p class="hint">
        {partsNote(result, probe)}
        {result.models.length > 1 && ` Bars: the mean. Ticks: the ${result.models.length} models.`}
      </p>
      {notes.map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
    </div>
  );
}
