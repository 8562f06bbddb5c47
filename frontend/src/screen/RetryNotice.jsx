/** Why a request is delayed, and when it is sent again. */
import { whyItWaits } from '../api/problem.js';
import { plural } from '../shared/format.js';
import { useNow } from '../shared/useNow.js';

/** @param {{until: number, problem: import('../api/problem.js').Problem | null}} props */
export function RetryNotice({ until, problem }) {
  const now = useNow(true);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return (
    <p class="notice">
      {whyItWaits(problem)}{' '}
      <b>
        {seconds > 0
          ? `This continues automatically in ${plural(seconds, 'second')}.`
          : 'Trying again now.'}
      </b>
    </p>
  );
}
