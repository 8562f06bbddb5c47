/** "This label is wrong": a word to the reviewers, from anybody. */
import { useState } from 'preact/hooks';
import * as calls from '../api/dataset.js';
import { Problem } from '../api/problem.js';
import { LABELS } from '../shared/terms.js';

/** @typedef {import('../api/submissions.js').Label} Label */

/**
 * @param {{number: number, item: import('../api/dataset.js').Item}} props
 */
export function ReportForm({ number, item }) {
  const [open, setOpen] = useState(false);
  const [label, setLabel] = useState(
    /** @type {import('../api/submissions.js').Label | ''} */ (''),
  );
  const [message, setMessage] = useState('');
  const [sending, setSending] = useState(false);
  const [sent, setSent] = useState(false);
  const [problem, setProblem] = useState('');
  if (sent) {
    return (
      <p class="notice" role="status">
        Thank you. A reviewer will look at this recording again.
      </p>
    );
  }
  if (!open) {
    return (
      <button type="button" class="button" onClick={() => setOpen(true)}>
        Report a wrong label
      </button>
    );
  }
  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    if (!message.trim()) {
      setProblem('Describe in a few words what you see.');
      return;
    }
    setSending(true);
    setProblem('');
    try {
      await calls.report(number, item.id, { label: label || null, message: message.trim() });
      setSent(true);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    } finally {
      setSending(false);
    }
  }
  return (
    <form class="form report" onSubmit={(event) => void send(event)}>
      <div class="field">
        <label for="report-label">What it should be</label>
        <select
          id="report-label"
          class="input"
          value={label}
          onChange={({ currentTarget }) =>
            setLabel(/** @type {Label | ''} */ (currentTarget.value))
          }
        >
          <option value="">I am not sure</option>
          {Object.entries(LABELS)
            .filter(([key]) => key !== item.label)
            .map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
        </select>
      </div>
      <div class="field">
        <label for="report-message">What you see</label>
        <textarea
          id="report-message"
          class="input"
          maxLength={1000}
          aria-describedby={problem ? 'report-problem' : undefined}
          value={message}
          onInput={({ currentTarget }) => setMessage(currentTarget.value)}
        />
      </div>
      {problem && (
        <p id="report-problem" class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="button button-primary" disabled={sending}>
          Send the report
        </button>
        <button type="button" class="button button-quiet" onClick={() => setOpen(false)}>
          Cancel
        </button>
      </div>
    </form>
  );
}
