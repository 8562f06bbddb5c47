/** Frames of the whole recording at once, and the tick that nothing on them names a person. */
import { useState } from 'preact/hooks';
import { contactSheetUrl } from '../api/reviews.js';

/**
 * @param {{
 *   id: string,
 *   one: boolean,
 *   ready: boolean,
 *   ticked: boolean,
 *   settled: boolean,
 *   missing: boolean,
 *   onTick: (ticked: boolean) => void,
 * }} props `one`: there is a single frame; `ready`: the service has made it; `settled`: the
 *   verdict is out; `missing`: an approval was tried without the tick
 */
export function ContactSheet({ id, one, ready, ticked, settled, missing, onTick }) {
  const [failed, setFailed] = useState(false);
  return (
    <section class="sheet" aria-labelledby="sheet-title">
      <h2 id="sheet-title">Contact sheet</h2>
      {ready && !failed ? (
        <img
          class={one ? 'sheet-one' : undefined}
          src={contactSheetUrl(id)}
          alt="Frames spread over the whole recording, as uploaded"
          onError={() => setFailed(true)}
        />
      ) : (
        <p class="quiet" role={failed ? 'alert' : undefined}>
          {failed
            ? 'The contact sheet could not be loaded. Reload the page.'
            : 'The contact sheet is being made.'}
        </p>
      )}
      <label class={missing ? 'check check-missing' : 'check'}>
        <input
          type="checkbox"
          id="unmarked"
          checked={ticked}
          disabled={settled}
          aria-describedby={missing ? 'unmarked-missing' : undefined}
          onChange={({ currentTarget }) => onTick(currentTarget.checked)}
        />
        <span>
          No identifying text or mark is visible <kbd>T</kbd>
        </span>
      </label>
      {missing && (
        <p id="unmarked-missing" class="notice notice-problem" role="alert">
          Check the contact sheet and tick this box before you approve.
        </p>
      )}
    </section>
  );
}
