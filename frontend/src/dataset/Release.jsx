/** One release of the dataset: what is in it, what is new, how to get and how to cite it. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/dataset.js';
import { PageHeading } from '../shared/PageHeading.jsx';
import { Problem } from '../api/problem.js';
import { date, plural } from '../shared/format.js';
import { Changes } from './Changes.jsx';
import { Cite } from './Cite.jsx';
import { Downloads } from './Downloads.jsx';
import { Items } from './Items.jsx';
import { Table1 } from './Table1.jsx';
import './dataset.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function Release({ id }) {
  const [release, setRelease] = useState(/** @type {calls.Release | null} */ (null));
  const [problem, setProblem] = useState('');
  useEffect(() => {
    calls.release(id).then(setRelease, (failure) => {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    });
  }, [id]);
  if (!release) {
    return (
      <section class="page">
        <PageHeading title={`Release ${id}`} />
        {problem ? (
          <p class="notice notice-problem" role="alert">
            {problem}
          </p>
        ) : (
          <p class="quiet">Loading…</p>
        )}
        <p>
          <a href="#/dataset">All versions</a>
        </p>
      </section>
    );
  }
  const { number, state, summary, diff, note, withdrawn } = release;
  return (
    <section class="page">
      <PageHeading
        title={`Release ${number}`}
        lead={[date(release.finished_at ?? release.created_at), note].filter(Boolean).join('. ')}
      >
        <a class="button" href="#/dataset">
          All versions
        </a>
      </PageHeading>
      {state !== 'done' && (
        <p class="notice" role="status">
          This release is not finished. {release.error}
        </p>
      )}
      {withdrawn.length > 0 && (
        <p class="notice">
          {plural(withdrawn.length, 'recording')} withdrawn since: still listed in the table, but
          the images are deleted.
        </p>
      )}
      {state === 'done' && <Downloads release={release} />}
      {summary && (
        <div class="release-top">
          <section class="card flow" aria-labelledby="counts-title">
            <h2 id="counts-title">
              {plural(summary.recordings, 'recording')}, {plural(summary.frames, 'frame')}
            </h2>
            <Table1 summary={summary} />
          </section>
          <section class="card flow" aria-labelledby="changes-title">
            <h2 id="changes-title">What is new</h2>
            {diff && <Changes diff={diff} />}
          </section>
        </div>
      )}
      {state === 'done' && (
        <>
          <Items number={number} />
          <Cite release={release} />
        </>
      )}
    </section>
  );
}
