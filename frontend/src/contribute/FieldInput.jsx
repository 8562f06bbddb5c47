/** One field of a recording as a labelled control: for the defaults, a bulk edit and an answer. */
import { useId } from 'preact/hooks';
import { vocabulary } from './vocabulary.js';
import { FindingsInput, SymptomsInput } from './FindingsInput.jsx';

/**
 * @typedef {import('./fields.js').Column} Column
 * @typedef {import('../api/submissions.js').Fields} Fields
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 */

/**
 * @param {{
 *   column: Column,
 *   fields: Fields,
 *   required?: boolean,
 *   nothing?: string,
 *   onChange: (changes: FieldsIn) => void,
 * }} props `nothing`: what an empty choice is called
 */
export function FieldInput({ column, fields, required = false, nothing = 'Not set', onChange }) {
  const id = useId();
  const { name, title, kind, list, hint, most } = column;
  const words = vocabulary.value;
  if (!words) return null;
  if (kind === 'findings' || kind === 'symptoms') {
    const Ticks = kind === 'findings' ? FindingsInput : SymptomsInput;
    return (
      <fieldset class="field field-wide">
        <legend>{title}</legend>
        <Ticks fields={fields} onChange={onChange} />
      </fieldset>
    );
  }
  const shared = {
    id,
    class: 'input',
    'aria-describedby': hint ? `${id}-hint` : undefined,
  };
  return (
    <div class={name === 'note' ? 'field field-wide' : 'field'}>
      <label for={id}>
        {title} {required && <span class="quiet">(required)</span>}
      </label>
      {list ? (
        <select
          {...shared}
          value={/** @type {string | null} */ (fields[/** @type {'label'} */ (name)]) ?? ''}
          onChange={({ currentTarget }) => onChange({ [name]: currentTarget.value || null })}
        >
          <option value="">{nothing}</option>
          {words[list].map((word) => (
            <option key={word.key} value={word.key}>
              {word.name}
            </option>
          ))}
        </select>
      ) : (
        <TextInput column={column} fields={fields} shared={shared} onChange={onChange} />
      )}
      {hint && (
        <p class={kind === 'patient' ? 'hint hint-caution' : 'hint'} id={`${id}-hint`}>
          {hint}
          {most && most > 500 ? ` At most ${most} characters.` : ''}
        </p>
      )}
    </div>
  );
}

/**
 * @param {{
 *   column: Column,
 *   fields: Fields,
 *   shared: object,
 *   onChange: (changes: FieldsIn) => void,
 * }} props
 */
function TextInput({ column: { name, kind, most }, fields, shared, onChange }) {
  const given = kind === 'patient' && fields.has_patient;
  /** @param {{currentTarget: HTMLInputElement | HTMLTextAreaElement}} event */
  const tell = ({ currentTarget }) => {
    if (kind === 'patient' && currentTarget.value === '') return;
    onChange({ [name]: currentTarget.value.trim() ? currentTarget.value : null });
  };
  if (name === 'note') {
    return <textarea {...shared} maxLength={most} defaultValue={fields.note} onChange={tell} />;
  }
  return (
    <span class="with-button">
      <input
        {...shared}
        maxLength={most}
        autoComplete="off"
        placeholder={given ? 'Set; type to replace it' : undefined}
        defaultValue={kind === 'patient' ? '' : fields.source}
        onChange={tell}
      />
      {given && (
        <button
          type="button"
          class="button button-quiet"
          onClick={() => onChange({ patient: null })}
        >
          Clear
        </button>
      )}
    </span>
  );
}
