/** Findings or symptoms of the selected recordings, over the page. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { FindingsInput, SymptomsInput } from './FindingsInput.jsx';

/**
 * @param {{
 *   kind: 'findings' | 'symptoms',
 *   of: string,
 *   fields: import('../api/submissions.js').Fields,
 *   onDone: (changes: import('../api/submissions.js').FieldsIn | null) => void,
 * }} props `of`: whose they are; null when nothing is to change
 */
export function FindingsDialog({ kind, of, fields, onDone }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [draft, setDraft] = useState({ findings: fields.findings, symptoms: fields.symptoms });
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const Ticks = kind === 'findings' ? FindingsInput : SymptomsInput;
  const title = kind === 'findings' ? 'Findings' : 'Symptoms';
  return (
    <dialog
      ref={dialog}
      class="help findings-dialog"
      aria-labelledby="ticks-title"
      onCancel={(event) => {
        event.preventDefault();
        onDone(null);
      }}
    >
      <form
        method="dialog"
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          onDone({ [kind]: draft[kind] });
        }}
      >
        <div>
          <h2 id="ticks-title">{title}</h2>
          <p class="hint">{of}</p>
        </div>
        <Ticks
          fields={draft}
          onChange={(changes) => setDraft({ ...draft, .../** @type {object} */ (changes) })}
        />
        <div class="actions">
          <button type="submit" class="button button-primary">
            Keep
          </button>
          <button type="button" class="button" onClick={() => onDone(null)}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
