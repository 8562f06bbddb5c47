/** When something did not work: what happened, and what to do next. */
import { patch, removeItem } from './items.js';
import { advice, mayPass } from '../api/problem.js';
import { screen } from './screenings.js';
import { canRetry, retry } from './uploads.js';
import { FilesButton } from './FilesButton.jsx';
import { Icon } from '../shared/Icon.jsx';

/** @typedef {import('./items.js').Item} Item */

/** The upload was not taken. @param {{item: Item}} props */
export function RefusedView({ item: { key, problem } }) {
  return (
    <Trouble title="Not uploaded" detail={problem?.detail} next={problem && advice(problem)}>
      {canRetry(key) && problem && mayPass(problem) && (
        <button type="button" class="button button-primary" onClick={() => retry(key)}>
          Try again
        </button>
      )}
    </Trouble>
  );
}

/** The page was reloaded during the upload. @param {{item: Item}} props */
export function InterruptedView({ item: { key } }) {
  return (
    <Trouble
      title="The upload was interrupted"
      detail="The page was reloaded before the upload finished, and a web page cannot reopen a file on its own."
      next="Choose the file again."
    >
      <button type="button" class="button" onClick={() => removeItem(key)}>
        Remove from the list
      </button>
    </Trouble>
  );
}

/** The service has no answer. @param {{item: Item}} props */
export function FailedView({ item: { key, screening, recording } }) {
  const error = screening?.error;
  return (
    <Trouble title="Not screened" detail={error?.message} next={error && advice(error)}>
      {recording?.preview_url && (
        <>
          {error && mayPass(error) && (
            <button type="button" class="button button-primary" onClick={() => void screen(key)}>
              Screen again
            </button>
          )}
          <button type="button" class="button" onClick={() => patch(key, { adjusting: true })}>
            Adjust the square
          </button>
        </>
      )}
    </Trouble>
  );
}

/** It does not exist any more. */
export function GoneView() {
  return (
    <Trouble
      tone="calm"
      title="This recording does not exist"
      detail="Recordings and their answers are deleted after a while, or when somebody deletes them. The link may also be incomplete."
      next="Upload the recording again to have it screened."
    >
      <FilesButton>Choose files</FilesButton>
    </Trouble>
  );
}

/**
 * @param {{
 *   title: string,
 *   detail: string | undefined,
 *   next: string | null | undefined,
 *   tone?: 'problem' | 'calm',
 *   children: import('preact').ComponentChildren,
 * }} props
 */
function Trouble({ title, detail, next, tone = 'problem', children }) {
  return (
    <div class={`trouble trouble-${tone}`}>
      <Icon name={tone === 'problem' ? 'alert' : 'clock'} />
      <div>
        <h2>{title}</h2>
        <p>
          {detail} {next && <b>{next}</b>}
        </p>
        <div class="actions">{children}</div>
      </div>
    </div>
  );
}
