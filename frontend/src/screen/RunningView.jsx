/** A screening on its way: what is being looked at, how far it is, how long it still takes. */
import { plural, timeLeft } from '../shared/format.js';
import { CroppedPicture } from './CroppedPicture.jsx';
import { ProgressBar } from '../shared/ProgressBar.jsx';
import { RetryNotice } from './RetryNotice.jsx';

/** @param {{item: import('./items.js').Item}} props */
export function RunningView({ item }) {
  const { recording, screening, square, resumesAt, problem } = item;
  const running = screening?.status === 'running';
  const { done, total, seconds_left, ahead } = screening?.progress ?? NOTHING;
  const shownSquare = screening?.crop ?? square;
  return (
    <div class="running">
      <div class="stage stage-square">
        {recording?.preview_url && shownSquare && (
          <CroppedPicture
            recording={recording}
            square={shownSquare}
            alt="The square being screened"
          />
        )}
      </div>
      <div class="calm">
        <h2>{running ? 'Screening' : 'Waiting in the queue'}</h2>
        {resumesAt ? (
          <RetryNotice until={resumesAt} problem={problem} />
        ) : (
          <>
            <ProgressBar
              label="Screening"
              share={running && total > 0 ? done / total : null}
              text={running ? `${done} of ${plural(total, 'frame')}` : 'Waiting in the queue'}
            />
            {running && total > 1 && <Cells done={done} total={total} />}
            <p class="quiet spread">
              <span>{running ? `${done} of ${plural(total, 'frame')}` : place(ahead)}</span>
              <span>{timeLeft(seconds_left)}</span>
            </p>
          </>
        )}
        <p class="hint">
          You can leave this page: the address of this screening stays the same, and reloading
          brings you back here.
        </p>
      </div>
    </div>
  );
}

const NOTHING = { done: 0, total: 0, seconds_left: null, ahead: null };

/** One cell for each frame. @param {{done: number, total: number}} props */
function Cells({ done, total }) {
  return (
    <div class="cells" aria-hidden="true">
      {Array.from({ length: total }, (_, n) => (
        <i key={n} class={n < done ? 'cell cell-done' : 'cell'} />
      ))}
    </div>
  );
}

/** @param {number | null | undefined} ahead */
function place(ahead) {
  if (ahead === null || ahead === undefined) return 'Starts as soon as a worker is free';
  if (ahead === 0) return 'Next in the queue';
  return `${plural(ahead, 'recording')} ahead of this one`;
}
