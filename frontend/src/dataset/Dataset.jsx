/** The dataset: its newest release, all versions, and for admins the next one. */
import { useCallback } from 'preact/hooks';
import * as calls from '../api/dataset.js';
import { PageHeading } from '../shared/PageHeading.jsx';
import { usePages } from '../shared/usePages.js';
import { isAtLeast } from '../shared/session.js';
import { date, plural, fileSize } from '../shared/format.js';
import { NextRelease } from './NextRelease.jsx';
import { LeftOut } from './LeftOut.jsx';
import { Table1 } from './Table1.jsx';
import './dataset.css';

/** @typedef {import('../api/dataset.js').ReleaseLine} ReleaseLine */

export default function Dataset() {
  const fetchPage = useCallback(
    (/** @type {string | null} */ cursor) => calls.releases(cursor),
    [],
  );
  const { items, problem, hasMore, more, again } = usePages(fetchPage);
  const done = items?.filter(({ state }) => state === 'done') ?? [];
  const making = items?.some(({ state }) => state === 'queued' || state === 'running') ?? false;
  return (
    <section class="page">
      <PageHeading
        title="Dataset"
        lead="Lung ultrasound recordings, contributed by hospitals and reviewed by doctors. Free to download under their licences."
      />
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {items === null && !problem && <p class="quiet">Loading…</p>}
      {items && isAtLeast('admin') && <NextRelease latest={items[0] ?? null} onRefresh={again} />}
      {items && done.length === 0 && !making && <None />}
      {done.length > 0 && <Newest release={done[0]} />}
      {done.length > 0 && (
        <section class="flow" aria-labelledby="versions-title">
          <h2 id="versions-title">Versions</h2>
          <ol class="versions">
            {done.map((release) => (
              <Version key={release.number} release={release} />
            ))}
          </ol>
          {hasMore && (
            <button type="button" class="button" onClick={more}>
              Show more
            </button>
          )}
        </section>
      )}
    </section>
  );
}

/** @param {{release: ReleaseLine}} props */
function Newest({ release }) {
  const { number, summary, finished_at, created_at, archive_bytes } = release;
  if (!summary) return null;
  return (
    <section class="card flow" aria-labelledby="newest-title">
      <div class="spread newest-head">
        <div>
          <h2 id="newest-title">Release {number}</h2>
          <p class="quiet">{date(finished_at ?? created_at)}</p>
        </div>
        <a class="button button-primary" href={`#/dataset/${number}`}>
          View and download{archive_bytes !== null && `, ${fileSize(archive_bytes)}`}
        </a>
      </div>
      <div class="figures">
        <Figure name="Recordings" value={summary.recordings} />
        <Figure name="Frames" value={summary.frames} />
        <Figure name="Patients identified by pseudonym" value={summary.patients} />
      </div>
      <LeftOut summary={summary} />
      <Table1 summary={summary} />
    </section>
  );
}

/** @param {{name: string, value: number}} props */
function Figure({ name, value }) {
  return (
    <div>
      <p class="figure-name">{name}</p>
      <p class="figure">{value.toLocaleString()}</p>
    </div>
  );
}

/** @param {{release: ReleaseLine}} props */
function Version({ release: { number, finished_at, created_at, note, summary } }) {
  return (
    <li>
      <a href={`#/dataset/${number}`}>Release {number}</a>
      <span class="quiet">
        {date(finished_at ?? created_at)}
        {summary && ` · ${plural(summary.recordings, 'recording')}`}
      </span>
      {note && <span class="version-note">{note}</span>}
    </li>
  );
}

function None() {
  return (
    <div class="empty">
      <h2>No release is finished yet</h2>
      <p class="quiet">
        An administrator makes a release from the recordings that were contributed and approved.
      </p>
      <a class="button" href="#/contribute">
        Contribute recordings
      </a>
    </div>
  );
}
