/** All recordings of the page at a glance. */
import { items, ready } from '../items.js';
import { screenAll } from '../screenings.js';
import { plural } from '../words.js';
import { TrayRow } from './TrayRow.jsx';

export function Tray() {
  const all = items.value;
  const done = all.filter(({ stage }) => stage === 'done').length;
  const waiting = ready.value.length;
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
      {waiting > 0 && (
        <button type="button" class="button" onClick={() => void screenAll()}>
          Screen all ({waiting})
        </button>
      )}
    </nav>
  );
}
