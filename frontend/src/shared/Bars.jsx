/** The probability of each class as a bar, with a tick for each model where they are given. */
import { CLASSES, CLASS_NAMES } from './classes.js';
import { percent } from './format.js';

/**
 * @typedef {Record<string, number>} Probabilities
 * @param {{probabilities: Probabilities, models?: Array<{probabilities: Probabilities}>}} props
 */
export const Bars = ({ probabilities, models = [] }) => (
  <ul class="bars" aria-label="Probability of each class">
    {CLASSES.map((key) => (
      <li key={key} class={`class-${key}`}>
        <span class="bar-name">
          <i class="dot" />
          {CLASS_NAMES[key]}
        </span>
        <span class="bar-share">{percent(probabilities[key])}</span>
        <span class="bar" aria-hidden="true">
          <span class="bar-fill" style={{ width: `${probabilities[key] * 100}%` }} />
          {models.map((model, n) => (
            <i key={n} class="tick" style={{ left: `${model.probabilities[key] * 100}%` }} />
          ))}
        </span>
      </li>
    ))}
  </ul>
);
