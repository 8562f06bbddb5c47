/** What a release says of recordings that no model may learn from. */
import { plural } from '../shared/format.js';

/** @param {{summary: import('../api/dataset.js').Summary}} props */
export function LeftOut({ summary: { left_out } }) {
  if (!left_out) return null;
  return (
    <p class="notice">
      {plural(left_out, 'recording is', 'recordings are')} left out of training and testing: it
      became known after the release that the same patient, or a copy, is in another fold.
    </p>
  );
}
