/** Whose turn it is: how long the recording is held, and what happens when it is not any more. */
import { plural } from '../shared/format.js';
import { SOON_S } from './useClaim.js';

/** @param {{claim: import('./useClaim.js').Claim}} props */
export function ClaimStatus({ claim }) {
  const { secondsLeft, lost, renew } = claim;
  if (lost) {
    return (
      <div class="notice notice-problem" role="alert">
        <p>
          <b>You do not hold this recording any more.</b> {lost.detail} What you have set and typed
          stays here.
        </p>
        <button type="button" class="button" onClick={() => void renew()}>
          Claim it again
        </button>
      </div>
    );
  }
  if (secondsLeft === 0) {
    return (
      <div class="notice notice-problem" role="alert">
        <p>
          <b>Your claim has run out.</b> Another reviewer may take this recording now. What you have
          set and typed stays here.
        </p>
        <button type="button" class="button" onClick={() => void renew()}>
          Claim it again
        </button>
      </div>
    );
  }
  const soon = secondsLeft <= SOON_S;
  return (
    <p class={soon ? 'claim claim-soon' : 'claim'} role={soon ? 'status' : undefined}>
      Yours for{' '}
      {soon ? plural(secondsLeft, 'more second') : plural(Math.ceil(secondsLeft / 60), 'minute')}
      <span class="unseen">; working on it renews that</span>
    </p>
  );
}
