/** Fields that say several things at once: findings (seen, not seen, not said) and symptoms. */
import { useId } from 'preact/hooks';
import { vocabulary } from './vocabulary.js';

/**
 * @typedef {import('../api/submissions.js').Fields} Fields
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 * @typedef {{fields: Pick<Fields, 'findings' | 'symptoms'>, onChange: (changes: FieldsIn) => void}} Props
 */

const ANSWERS = /** @type {const} */ ([
  ['Seen', true],
  ['Not seen', false],
  ['Not stated', undefined],
]);

/** @param {Props} props */
export function FindingsInput({ fields: { findings }, onChange }) {
  const id = useId();
  return (
    <div class="ticks">
      {(vocabulary.value?.findings ?? []).map(({ key, name }) => (
        <div key={key} role="radiogroup" aria-label={name}>
          <span>{name}</span>
          <span class="answers">
            {ANSWERS.map(([words, seen]) => (
              <label key={words}>
                <input
                  type="radio"
                  name={`${id}-${key}`}
                  checked={findings[key] === seen}
                  onChange={() => {
                    const { [key]: _, ...others } = findings;
                    onChange({
                      findings: seen === undefined ? others : { ...others, [key]: seen },
                    });
                  }}
                />
                <span>{words}</span>
              </label>
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}

/** @param {Props} props */
export function SymptomsInput({ fields: { symptoms }, onChange }) {
  return (
    <div class="checks">
      {(vocabulary.value?.symptoms ?? []).map(({ key, name }) => (
        <label key={key} class="check">
          <input
            type="checkbox"
            checked={symptoms.some((each) => each === key)}
            onChange={({ currentTarget }) =>
              onChange({
                symptoms: currentTarget.checked
                  ? [...symptoms, /** @type {import('../api/submissions.js').Symptom} */ (key)]
                  : symptoms.filter((each) => each !== key),
              })
            }
          />
          {name}
        </label>
      ))}
    </div>
  );
}
