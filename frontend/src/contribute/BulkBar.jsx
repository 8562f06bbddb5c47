/** Setting one field of all selected recordings, or removing them. */
import { useState } from 'preact/hooks';
import { COLUMNS, NOTHING } from './fields.js';
import { remove } from './removals.js';
import { plural } from '../shared/format.js';
import { FieldInput } from './FieldInput.jsx';

/**
 * @typedef {import('./fields.js').Column} Column
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 */

/**
 * @param {{
 *   selected: readonly Contribution[],
 *   column: Column | null,
 *   onApply: (changes: FieldsIn) => void,
 * }} props
 */
export function BulkBar({ selected, column, onApply }) {
  const [name, setName] = useState(/** @type {string} */ ('label'));
  const chosen = COLUMNS.find((each) => each.name === (column?.name ?? name)) ?? COLUMNS[0];
  const plain = chosen.kind !== 'findings' && chosen.kind !== 'symptoms';
  return (
    <section class="bulk" aria-label="Selected recordings">
      <b>{plural(selected.length, 'recording')}</b>
      {column ? null : (
        <label class="field">
          <span class="label">Field</span>
          <select
            class="input"
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          >
            {COLUMNS.filter(({ kind }) => kind !== 'findings' && kind !== 'symptoms').map(
              (each) => (
                <option key={each.name} value={each.name}>
                  {each.title}
                </option>
              ),
            )}
          </select>
        </label>
      )}
      {plain ? (
        <FieldInput
          key={chosen.name}
          column={{ ...chosen, hint: chosen.kind === 'patient' ? chosen.hint : undefined }}
          fields={NOTHING}
          nothing="Choose for all"
          onChange={onApply}
        />
      ) : (
        <p class="quiet">Press Enter to set the {chosen.title.toLowerCase()} of all of them.</p>
      )}
      <button type="button" class="button" onClick={() => remove(selected)}>
        Remove {plural(selected.length, 'recording')}
      </button>
    </section>
  );
}
