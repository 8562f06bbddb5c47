/** What is new in a release, against the one before. */
import { LABELS, nameOf } from '../shared/terms.js';
import { plural } from '../shared/format.js';

/** @param {{diff: import('../api/dataset.js').Difference}} props */
export function Changes({ diff }) {
  const { since, added, withdrawn, relabelled, corrected } = diff;
  const lines = [
    [added.length, `${plural(added.length, 'recording')} added`],
    [withdrawn.length, `${plural(withdrawn.length, 'recording')} withdrawn`],
    [corrected.length, `${plural(corrected.length, 'recording')} with other details corrected`],
  ].filter(([number]) => number);
  if (since === null) {
    return <p>The first release: {plural(added.length, 'recording')}.</p>;
  }
  if (lines.length === 0 && relabelled.length === 0) {
    return <p>Nothing has changed since release {since}.</p>;
  }
  return (
    <>
      <p class="quiet">Since release {since}</p>
      <ul class="changes">
        {lines.map(([, words]) => (
          <li key={words}>{words}</li>
        ))}
        {relabelled.map(({ id, before, after }) => (
          <li key={id}>
            {id.slice(0, 8)}: label corrected from {nameOf(LABELS, before)} to{' '}
            {nameOf(LABELS, after)}
          </li>
        ))}
      </ul>
    </>
  );
}
