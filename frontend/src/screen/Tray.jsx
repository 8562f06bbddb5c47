/** All recordings of the page at a glance. */
import { items, putOff, unscreened, wanted } from './items.js';
import { screenAll } from './screenings.js';
import { plural } from '../shared/words.js';
import { TrayRow } from './TrayRow.jsx';
import { Wait } from './Wait.jsx';

export function Tray() {
  const all = items.value;
  const done = all.filter(({ stage }) => stage === 'done').length;
  const waiting = unscreened.value.length;
  const coming = wanted.value.length;
  const first = putOff.value;
  return (
    <nav class="tray" aria-label="Recordings">
      <header>
        <h2>{plural(all.length, 'recording')}</h2>
        <p>{done} answered</p>
      </header>
      <ol>
        {all.map((item) => (
          <TrayRow key={item.key} item={item} />
        ))}
      </ol>
      {first?.resumesAt && <Wait until={first.resumesAt} problem={first.problem} />}
      {coming > 0 && (
        <p class="hint tray-coming" role="status">
          {plural(coming, 'more recording', 'more recordings')} will be screened, each as soon as it
          has arrived.
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
