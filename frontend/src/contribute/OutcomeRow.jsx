/** One recording that was sent: its state, the reviewers' words, an answer to them, withdrawing. */
import { useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { answer, withdraw } from '../api/submissions.js';
import { replaceRecording } from './draftStore.js';
import { COLUMNS, changed, isEmpty, textOf } from './fields.js';
import { nameOf } from './vocabulary.js';
import { Problem } from '../api/problem.js';
import { joinList, dateTime } from '../shared/format.js';
import { ConfirmButton } from '../shared/ConfirmButton.jsx';
import { Form } from '../shared/Form.jsx';
import { FieldInput } from './FieldInput.jsx';

/**
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').Vocabulary} Vocabulary
 */

const VERDICTS = { approve: 'Approved', reject: 'Rejected', request_changes: 'Asks for changes' };

/** @param {{recording: Contribution, words: Vocabulary}} props */
export function OutcomeRow({ recording, words }) {
  const [error, setError] = useState('');
  const { id, file_name, state, preview_url, reviewer_words } = recording;
  const filled = COLUMNS.filter((column) => !isEmpty(column, recording));
  const onWithdraw = async () => {
    try {
      replaceRecording(await withdraw(id));
      announce(`${file_name} is withdrawn.`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setError(problem.detail);
    }
  };
  return (
    <li class="card outcome">
      <span class="file-picture">
        {preview_url && state !== 'withdrawn' && <img src={preview_url} alt="" loading="lazy" />}
      </span>
      <div class="outcome-words">
        <h2>{file_name}</h2>
        <p class="quiet">
          {filled
            .filter(({ name }) => name !== 'note')
            .map((column) =>
              column.name === 'patient' ? 'Patient set' : textOf(column, recording, words),
            )
            .join(' · ')}
        </p>
        {reviewer_words.map(({ verdict, reason, comment, at }) => (
          <blockquote key={at}>
            <p>
              <b>{VERDICTS[verdict]}</b>
              {reason && `: ${nameOf(words.reasons, reason)}`}
            </p>
            {comment && <p>{comment}</p>}
            <p class="hint">{dateTime(at)}</p>
          </blockquote>
        ))}
        {recording.final_label && recording.final_label !== recording.label && (
          <p>
            <b>The reviewers changed the class:</b> in the dataset it is{' '}
            {nameOf(words.labels, recording.final_label)}.
          </p>
        )}
        {recording.answer && (
          <p>
            <b>You answered:</b> {recording.answer}
          </p>
        )}
        {state === 'changes_requested' && <Answer recording={recording} words={words} />}
        {error && (
          <p class="notice notice-problem" role="alert">
            {error}
          </p>
        )}
      </div>
      <div class="outcome-state">
        <span class={state === 'changes_requested' ? 'tag tag-caution' : 'tag'}>
          {nameOf(words.states, state)}
        </span>
        {state !== 'withdrawn' && state !== 'rejected' && (
          <ConfirmButton
            action="Withdraw"
            label={`Withdraw ${file_name}`}
            question="Later releases will not include it, and its images are deleted."
            yes="Withdraw it"
            kind="button-quiet"
            onYes={onWithdraw}
          />
        )}
      </div>
    </li>
  );
}

/** @param {{recording: Contribution, words: Vocabulary}} props */
function Answer({ recording, words }) {
  const [changes, setChanges] = useState(
    /** @type {import('../api/submissions.js').FieldsIn} */ ({}),
  );
  const fields = changed(recording, changes);
  const names = COLUMNS.filter(({ name }) => name in changes).map(({ title }) => title);
  return (
    <Form
      label={`Answer about ${recording.file_name}`}
      action="Answer the reviewer"
      busy="Sending the answer"
      checks={{ answer: (value) => !value.trim() && 'Write an answer to the reviewer.' }}
      onSend={async ({ answer: text }) => {
        replaceRecording(await answer(recording.id, text.trim(), changes));
        announce(`${recording.file_name} goes back to the reviewers.`);
      }}
    >
      {(wrong) => (
        <>
          <div class="field">
            <label for={`answer-${recording.id}`}>Your answer</label>
            <textarea
              id={`answer-${recording.id}`}
              name="answer"
              class="input"
              maxLength={2000}
              aria-invalid={wrong.answer ? 'true' : undefined}
              aria-describedby={wrong.answer ? `wrong-${recording.id}` : undefined}
            />
            {wrong.answer && (
              <p class="wrong" id={`wrong-${recording.id}`}>
                {wrong.answer}
              </p>
            )}
          </div>
          <details class="fold">
            <summary>
              Correct your entries
              {names.length > 0 && `: ${joinList(names)} changed`}
            </summary>
            <div class="defaults-fields">
              {COLUMNS.map((column) => (
                <FieldInput
                  key={column.name}
                  column={column}
                  fields={fields}
                  required={words.required.includes(column.name)}
                  onChange={(more) => setChanges({ ...changes, ...more })}
                />
              ))}
            </div>
          </details>
        </>
      )}
    </Form>
  );
}
