/** What the reviewer says: the label, the findings, a comment, and the verdict. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { focusIntoView } from '../shared/focus.js';
import { FINDINGS, LABELS, LABEL_KEYS, REASONS, REASON_KEYS } from '../shared/terms.js';

/**
 * @param {{
 *   contribution: import('../api/reviews.js').Contribution,
 *   draft: import('./drafts.js').Draft,
 *   missing: import('./useVerdict.js').Missing,
 *   sending: boolean,
 *   rejecting: boolean,
 *   onDraft: (changes: Partial<import('./drafts.js').Draft>) => void,
 *   onApprove: () => void,
 *   onReject: () => void,
 *   onReason: (reason: import('../api/reviews.js').Reason) => void,
 *   onCancel: () => void,
 *   onRequestChanges: () => void,
 *   onAgain: () => void,
 * }} props
 */
export function VerdictForm(props) {
  const { contribution, draft, missing, sending, rejecting, onDraft } = props;
  const claimed = contribution.label;
  return (
    <form class="verdict-form" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="chips">
        <legend>Label</legend>
        {LABEL_KEYS.map((key, n) => (
          <label key={key} class={`chip class-${key}`}>
            <input
              type="radio"
              name="label"
              value={key}
              checked={draft.label === key}
              onChange={() => onDraft({ label: key })}
            />
            <i class="dot" />
            <span>{LABELS[key]}</span>
            <kbd>{n + 1}</kbd>
          </label>
        ))}
        {missing === 'label' && (
          <p class="notice notice-problem" role="alert">
            Choose a label.
          </p>
        )}
        {claimed && draft.label !== claimed && (
          <p class="hint">Corrected: the contributor said {LABELS[claimed]}.</p>
        )}
      </fieldset>
      <Findings findings={draft.findings} onChange={(findings) => onDraft({ findings })} />
      <label class="field">
        <span>
          Comment <kbd>M</kbd>
        </span>
        <textarea
          id="md-comment"
          rows={3}
          maxLength={2000}
          value={draft.comment}
          aria-describedby={missing === 'comment' ? 'comment-missing' : 'comment-hint'}
          onInput={({ currentTarget }) => onDraft({ comment: currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) props.onAgain();
          }}
        />
        {missing === 'comment' ? (
          <span id="comment-missing" class="notice notice-problem" role="alert">
            Write what should change: the contributor will read it. <kbd>Ctrl</kbd> <kbd>Enter</kbd>{' '}
            sends it.
          </span>
        ) : (
          <span id="comment-hint" class="hint">
            The comment goes into the dataset; the contributor reads it too. <kbd>Esc</kbd> leaves
            it.
          </span>
        )}
      </label>
      {rejecting ? <Reasons {...props} /> : <Verdicts {...props} sending={sending} />}
    </form>
  );
}

/**
 * @param {{
 *   sending: boolean,
 *   onApprove: () => void,
 *   onReject: () => void,
 *   onRequestChanges: () => void,
 * }} props
 */
function Verdicts({ sending, onApprove, onReject, onRequestChanges }) {
  return (
    <div class="actions actions-main" role="group" aria-label="Verdict">
      <button
        type="button"
        class="button button-primary button-large"
        disabled={sending}
        onClick={onApprove}
      >
        Approve <kbd>A</kbd>
      </button>
      <button type="button" class="button button-large" disabled={sending} onClick={onReject}>
        Reject <kbd>R</kbd>
      </button>
      <button
        type="button"
        class="button button-large"
        disabled={sending}
        onClick={onRequestChanges}
      >
        Ask for changes <kbd>C</kbd>
      </button>
    </div>
  );
}

/**
 * @param {{
 *   sending: boolean,
 *   onReason: (reason: import('../api/reviews.js').Reason) => void,
 *   onCancel: () => void,
 * }} props
 */
function Reasons({ sending, onReason, onCancel }) {
  // Not the first button: an Enter too many must not reject anything.
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useLayoutEffect(() => focusIntoView(heading.current), []);
  return (
    <div class="reasons" role="group" aria-labelledby="reasons-title">
      <h2 id="reasons-title" ref={heading} tabIndex={-1}>
        Why is it rejected?
      </h2>
      <ol>
        {REASON_KEYS.map((key, n) => (
          <li key={key}>
            <button type="button" class="button" disabled={sending} onClick={() => onReason(key)}>
              <kbd>{n + 1}</kbd> {REASONS[key]}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" class="button button-quiet" onClick={onCancel}>
        Do not reject <kbd>Esc</kbd>
      </button>
    </div>
  );
}

/**
 * @param {{
 *   findings: import('../api/reviews.js').Findings,
 *   onChange: (findings: import('../api/reviews.js').Findings) => void,
 * }} props
 */
function Findings({ findings, onChange }) {
  const keys = Object.keys(FINDINGS);
  /** @param {string} key */
  const toggle = (key) => onChange({ ...findings, [key]: !findings[key] });
  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const key = keys[Number(event.key) - 1];
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    toggle(key);
  }
  return (
    // The number keys are a short cut to the boxes, which have the keyboard themselves.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <fieldset class="chips" id="findings" onKeyDown={onKeyDown}>
      <legend>
        Findings <kbd>F</kbd>
      </legend>
      {keys.map((key, n) => (
        <label key={key} class="chip">
          <input type="checkbox" checked={findings[key] === true} onChange={() => toggle(key)} />
          <span>{FINDINGS[key]}</span>
          <kbd>{n + 1}</kbd>
        </label>
      ))}
    </fieldset>
  );
}
