/** The statement that a contributor agrees to, and sending. */
import { useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { arriving, recordings, submit } from './desk.js';
import { missing } from './missing.js';
import { carryOutAll } from './removals.js';
import { Problem } from '../api/problem.js';
import { arrive } from '../shared/address.js';
import { plural } from '../shared/words.js';

/** @param {{statement: string, sending: boolean}} props `sending`: files are still on their way */
export function Consent({ statement, sending }) {
  const [agreed, setAgreed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState('');
  const count = recordings.value.length;

  async function send() {
    const reason = notYet({ agreed, sending: sending || arriving.value > 0 });
    setTrouble(reason);
    if (reason || busy) return;
    setBusy(true);
    try {
      await carryOutAll();
      await submit();
      arrive();
      announce(`${plural(count, 'recording')} sent to the reviewers. Thank you.`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setTrouble(problem.detail);
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
            setTrouble('');
          }}
        />
        I agree, for {count === 1 ? 'this recording' : `all ${count} recordings`}
      </label>
      {trouble && (
        <p class="notice notice-problem" role="alert">
          {trouble}
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
  if (sending) return 'Files are still on their way. Wait for them, or leave them out.';
  if (missing.value?.length) return 'Fill in what is missing first; it is listed above.';
  if (!agreed) return 'Read the statement above and agree to it.';
  return '';
}
