/** For admins: what the next release would hold, and the button that makes it. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import * as calls from '../api/dataset.js';
import { announce } from '../shared/announcer.js';
import { ProgressBar } from '../shared/ProgressBar.jsx';
import { Problem } from '../api/problem.js';
import { plural } from '../shared/format.js';
import { Changes } from './Changes.jsx';
import { LeftOut } from './LeftOut.jsx';
import { Table1 } from './Table1.jsx';

/** How often the service is asked while recordings are taken in or a release is made. */
const AGAIN_MS = 1500;

/**
 * @param {{
 *   latest: import('../api/dataset.js').ReleaseLine | null,
 *   onRefresh: () => Promise<void>,
 * }} props `latest` of any state; `onRefresh` asks for it again
 */
export function NextRelease({ latest, onRefresh }) {
  const [next, setNext] = useState(/** @type {calls.NextRelease | null} */ (null));
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState('');
  const [asking, setAsking] = useState(false);
  const making = latest?.state === 'queued' || latest?.state === 'running' ? latest : null;
  const attempt = useCallback(async (/** @type {() => Promise<void>} */ work) => {
    try {
      await work();
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }, []);
  const waiting = next?.waiting_for_ingest ?? 0;
  useEffect(() => {
    if (!making) void attempt(async () => setNext(await calls.nextRelease()));
  }, [making, attempt]);
  useEffect(() => {
    if (!making && waiting === 0) return undefined;
    const look = making ? onRefresh : async () => setNext(await calls.nextRelease());
    const timer = setInterval(() => void attempt(look), AGAIN_MS);
    return () => clearInterval(timer);
  }, [making, waiting, onRefresh, attempt]);
  async function make() {
    setAsking(true);
    await attempt(async () => {
      const { number } = await calls.makeRelease(note.trim());
      announce(`Release ${number} is being made.`);
      setNote('');
      await onRefresh();
    });
    setAsking(false);
  }
  return (
    <section class="card flow" aria-labelledby="next-title">
      <h2 id="next-title">{making ? `Release ${making.number}` : 'The next release'}</h2>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {latest?.state === 'failed' && (
        <p class="notice notice-problem" role="alert">
          Release {latest.number} was not made: {latest.error}
        </p>
      )}
      {making && <Making release={making} />}
      {!making && next && (
        <>
          {next.ready && <Changes diff={next.diff} />}
          {next.ready && <LeftOut summary={next.summary} />}
          {next.ready && <Table1 summary={next.summary} />}
          {waiting > 0 && (
            <p class="notice" role="status">
              {plural(waiting, 'approved recording')} still being de-identified; they are added when
              that is done.
            </p>
          )}
          {next.ready ? (
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                void make();
              }}
            >
              <div class="field">
                <label for="release-note">Note</label>
                <textarea
                  id="release-note"
                  class="input"
                  rows={2}
                  maxLength={2000}
                  placeholder="What users should know about this version"
                  value={note}
                  onInput={({ currentTarget }) => setNote(currentTarget.value)}
                />
              </div>
              <div class="actions">
                <button type="submit" class="button button-primary button-large" disabled={asking}>
                  Make the release
                </button>
                <p class="hint">A release is never changed once it is made.</p>
              </div>
            </form>
          ) : (
            <p class="quiet">{next.reason}</p>
          )}
        </>
      )}
    </section>
  );
}

/** @param {{release: import('../api/dataset.js').ReleaseLine}} props */
function Making({ release: { number, progress } }) {
  const { done, total } = progress;
  const words = `${done} of ${plural(total, 'recording')}`;
  return (
    <>
      <ProgressBar
        label={`Making release ${number}`}
        share={total && done ? done / total : null}
        text={words}
      />
      <p class="quiet">{done ? words : 'The release is being made'}</p>
    </>
  );
}
