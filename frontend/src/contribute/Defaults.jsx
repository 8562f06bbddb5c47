/** What holds for all recordings of a submission, unless the table says something else of one. */
import { changeDefaults } from './draftStore.js';
import { COLUMNS, missing } from './fields.js';
import { FieldInput } from './FieldInput.jsx';

/**
 * @param {{
 *   submission: import('../api/submissions.js').Submission,
 *   words: import('../api/submissions.js').Vocabulary,
 *   open: boolean,
 * }} props
 */
export function Defaults({ submission: { defaults }, words, open }) {
  const lacking = missing(defaults, words.required);
  return (
    <details class="card defaults" open={open}>
      <summary>
        <h2>Defaults for all recordings</h2>
        <span class="hint">
          {lacking.length === words.required.length
            ? 'Class, probe, licence, patient… for every recording; the table overrides them.'
            : 'The table overrides them for single recordings.'}
        </span>
      </summary>
      <div class="defaults-fields">
        {COLUMNS.map((column) => (
          <FieldInput
            key={column.name}
            column={column}
            fields={defaults}
            required={words.required.includes(column.name)}
            onChange={(changes) => void changeDefaults(changes)}
          />
        ))}
      </div>
    </details>
  );
}
