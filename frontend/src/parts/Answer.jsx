/** The class and its probability, the other two beside it, and how far the models agree. */
import { CLASSES, CLASS_NAMES } from '../classes.js';
import { agreement, closeCall, majority } from '../spread.js';
import { percent } from '../words.js';

/** @param {{result: import('../shapes.js').Result}} props */
export function Answer({ result }) {
  const notes = [closeCall(result), majority(result)].filter((note) => note !== null);
  return (
    <div class="answer">
      <h2 class={`verdict class-${result.label}`}>
        <small>Most probable class</small>
        <span class="verdict-name">{CLASS_NAMES[result.label]}</span>{' '}
        <span class="verdict-share">{percent(result.probability)}</span>
      </h2>
      <ul class="bars" aria-label="Probability of each class">
        {CLASSES.map((key) => (
          <li key={key} class={`class-${key}`}>
            <span class="bar-name">
              <i class="dot" />
              {CLASS_NAMES[key]}
            </span>
            <span class="bar-share">{percent(result.probabilities[key])}</span>
            <span class="bar" aria-hidden="true">
              <span class="bar-fill" style={{ width: `${result.probabilities[key] * 100}%` }} />
              {result.models.map(({ probabilities }, n) => (
                <i key={n} class="tick" style={{ left: `${probabilities[key] * 100}%` }} />
              ))}
            </span>
          </li>
        ))}
      </ul>
      <p class="agreement">{agreement(result)}</p>
      <p class="hint">Bars: the mean. Fine marks: each of the {result.models.length} models.</p>
      {notes.map((note) => (
        <p key={note} class="notice">
          {note}
        </p>
      ))}
    </div>
  );
}
