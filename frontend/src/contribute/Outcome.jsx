/** A submission that was sent: the state of each recording, and what the reviewers said. */
import { useState } from 'preact/hooks';
import { recordings, submission, saveError } from './draftStore.js';
import { nameOf } from './vocabulary.js';
import { plural, dateTime } from '../shared/format.js';
import { OutcomeRow } from './OutcomeRow.jsx';

/** @typedef {import('../api/submissions.js').State} State */

/** @type {readonly State[]} what waits for the contributor comes first */
const ORDER = ['changes_requested', 'pending', 'approved', 'rejected', 'withdrawn'];

/** @param {{words: import('../api/submissions.js').Vocabulary}} props */
export function Outcome({ words }) {
  const [shown, setShown] = useState(/** @type {State | ''} */ (''));
  const all = recordings.value;
  const count = (/** @type {State} */ state) => all.filter((each) => each.state === state).length;
  const present = ORDER.filter((state) => count(state) > 0);
  const listed = [...all]
    .filter(({ state }) => shown === '' || state === shown)
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const asked = count('changes_requested');
  const waiting = count('pending');
  return (
    <>
      {saveError.value && (
        <p class="notice notice-problem" role="alert">
          {saveError.value}
        </p>
      )}
      <p class="quiet">
        Sent on {dateTime(submission.value?.submitted_at ?? '')}.{' '}
        {waiting > 0 && `${plural(waiting, 'recording')} in review. `}
        {asked > 0
          ? `A reviewer has a question about ${plural(asked, 'recording')}.`
          : 'The reviewers’ comments appear here.'}
      </p>
      {present.length > 1 && (
        <div class="states" role="group" aria-label="Show">
          {
            /** @type {const} */ (['', ...present]).map((state) => (
              <button
                key={state}
                type="button"
                class="button"
                aria-pressed={shown === state}
                onClick={() => setShown(state)}
              >
                {state === '' ? 'All' : nameOf(words.states, state)}{' '}
                <b>{state === '' ? all.length : count(state)}</b>
              </button>
            ))
          }
        </div>
      )}
      <ul class="outcomes" aria-label="Recordings">
        {listed.map((each) => (
          <OutcomeRow key={each.id} recording={each} words={words} />
        ))}
      </ul>
    </>
  );
}
