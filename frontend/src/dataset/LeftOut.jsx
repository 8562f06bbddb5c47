/** What a release says of recordings that no model may learn from. */
import { plural } from '../shared/format.js';

/** @param {{summary: import('../api/dataset.js').Summary}} props */
export function LeftOut({ summary: { left_out } }) {
  if (!left_out) return null;
  return (
    <p class="notice">
      {plural(left_out, 'recording is', 'recordings are')} left out of training and testing: after
      their release it became known that their patient, or a copy of them, is in another fold.
    </p>
  );
}
