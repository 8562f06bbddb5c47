/** The statement that a contributor agrees to, and sending. */
import { useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { beingRead, recordings, submit } from './draftStore.js';
import { missingFields } from './missingFields.js';
import { removeAllNow } from './removals.js';
import { Problem } from '../api/problem.js';
import { requestHeadingFocus } from '../shared/address.js';
import { plural } from '../shared/format.js';

/** @param {{statement: string, sending: boolean}} props `sending`: files are still on their way */
export function Consent({ statement, sending }) {
  const [agreed, setAgreed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const count = recordings.value.length;

  async function send() {
    const reason = notYet({ agreed, sending: sending || beingRead.value > 0 });
    setError(reason);
    if (reason || busy) return;
    setBusy(true);
    try {
      await removeAllNow();
      await submit();
      requestHeadingFocus();
      announce(`${plural(count, 'recording')} submitted for review. Thank you.`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setError(problem.detail);
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="form consent">
      <blockquote>{statement}</blockquote>
      <label class="check">
        <input
          type="checkbox"
          checked={agreed}
          onChange={({ currentTarget }) => {
            setAgreed(currentTarget.checked);
            setError('');
          }}
        />
        I agree, for {count === 1 ? 'this recording' : `all ${count} recordings`}
      </label>
      {error && (
        <p class="notice notice-problem" role="alert">
          {error}
        </p>
      )}
      <div class="actions">
        <button
          type="button"
          class="button button-primary button-large"
          aria-disabled={busy}
          onClick={send}
        >
          {busy ? 'Sending' : `Send ${plural(count, 'recording')} to review`}
        </button>
      </div>
    </div>
  );
}

/**
 * Why it cannot be sent yet; '' where it can.
 * @param {{agreed: boolean, sending: boolean}} state
 */
function notYet({ agreed, sending }) {
  if (sending) return 'Files are still uploading. Wait for them, or leave them out.';
  if (missingFields.value?.length) return 'Fill in the missing fields listed above first.';
  if (!agreed) return 'Read the statement above and tick the box.';
  return '';
}
