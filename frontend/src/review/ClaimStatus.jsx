/** How long the recording is claimed, and what to do when the claim is lost. */
import { plural } from '../shared/format.js';
import { SOON_S } from './useClaim.js';

/** @param {{claim: import('./useClaim.js').Claim}} props */
export function ClaimStatus({ claim }) {
  const { secondsLeft, lost, renew } = claim;
  if (lost) {
    return (
      <div class="notice notice-problem" role="alert">
        <p>
          <b>You have lost your claim on this recording.</b> {lost.detail} Your entries are kept
          here.
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
          <b>Your claim has expired.</b> Another reviewer may claim this recording now. Your entries
          are kept here.
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
      Claimed by you for{' '}
      {soon ? plural(secondsLeft, 'more second') : plural(Math.ceil(secondsLeft / 60), 'minute')}
      <span class="unseen">; working on it renews the claim</span>
    </p>
  );
}
