/** The list of all recordings on the page. */
import { items, nextRetry, unscreened, wanted } from './items.js';
import { screenAll } from './screenings.js';
import { plural } from '../shared/format.js';
import { RecordingRow } from './RecordingRow.jsx';
import { RetryNotice } from './RetryNotice.jsx';

export function RecordingList() {
  const all = items.value;
  const done = all.filter(({ stage }) => stage === 'done').length;
  const waiting = unscreened.value.length;
  const coming = wanted.value.length;
  const first = nextRetry.value;
  return (
    <nav class="recording-list" aria-label="Recordings">
      <header>
        <h2>{plural(all.length, 'recording')}</h2>
        <p>{done} answered</p>
      </header>
      <ol>
        {all.map((item) => (
          <RecordingRow key={item.key} item={item} />
        ))}
      </ol>
      {first?.resumesAt && <RetryNotice until={first.resumesAt} problem={first.problem} />}
      {coming > 0 && (
        <p class="hint recording-list-coming" role="status">
          {plural(coming, 'more recording', 'more recordings')} will be screened as soon as
          uploaded.
        </p>
      )}
      {waiting > 0 && (
        <button type="button" class="button" onClick={() => void screenAll()}>
          Screen all ({waiting})
        </button>
      )}
    </nav>
  );
}
