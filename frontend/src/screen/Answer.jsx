/** The class and its probability, the other two beside it, and how far the models agree. */
import { CLASS_NAMES } from '../shared/classes.js';
import { agreement, closeCallNote, majorityNote } from './agreement.js';
import { percent } from '../shared/format.js';
import { Bars } from '../shared/Bars.jsx';

/** @param {{result: import('../api/screenings.js').Result}} props */
export function Answer({ result }) {
  const notes = [closeCallNote(result), majorityNote(result)].filter((note) => note !== null);
  return (
    <div class="answer">
      <h2 class={`verdict class-${result.label}`}>
        <small>Most probable class</small>
        <span class="verdict-name">{CLASS_NAMES[result.label]}</span>{' '}
        <span class="verdict-share">{percent(result.probability)}</span>
      </h2>
      <Bars probabilities={result.probabilities} models={result.models} />
      <p class="agreement">{agreement(result)}</p>
      <p class="hint">Bars: the mean. Ticks: the {result.models.length} models.</p>
      {notes.map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
    </div>
  );
}
