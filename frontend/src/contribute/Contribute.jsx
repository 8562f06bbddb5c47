/** A contributor's submissions. */
import { useState } from 'preact/hooks';
import { begin, deleteSubmission, submissions } from '../api/submissions.js';
import { forgetUploads } from '../api/tus.js';
import { announce } from '../shared/announcer.js';
import { forgetUploadsOf } from './uploads.js';
import { Problem } from '../api/problem.js';
import { go } from '../shared/address.js';
import { date, plural } from '../shared/format.js';
import { ConfirmButton } from '../shared/ConfirmButton.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import { usePages } from '../shared/usePages.js';
import { submissionTitle } from './submissionTitle.js';
import './contribute.css';

/** @typedef {import('../api/submissions.js').Submission} Submission */

const STEPS = [
  [
    'Upload recordings',
    'Files, folders or a ZIP archive. Interrupted uploads resume where they stopped.',
  ],
  ['Describe them', 'All at once, one by one in a table, or with a CSV file.'],
  ['Doctors review them', 'They review each recording without seeing your name, and reply here.'],
];

export default function Contribute() {
  const pages = usePages(submissions);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    setError('');
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setError(problem.detail);
    }
  }

  const start = async () => {
    setBusy(true);
    await attempt(async () => go(`/contribute/${(await begin()).id}`));
    setBusy(false);
  };

  /** @param {Submission} submission */
  const remove = (submission) =>
    attempt(async () => {
      forgetUploadsOf(submission.id);
      await deleteSubmission(submission.id);
      await forgetUploads(submission.id);
      pages.change((items) => items.filter(({ id }) => id !== submission.id));
      announce(`${submissionTitle(submission)} deleted.`);
    });

  const message = error || pages.problem;
  return (
    <section class="page contribute">
      <PageHeading
        title="Contribute"
        lead="Recordings that you submit are reviewed by doctors and become part of the public dataset."
      >
        {pages.items && pages.items.length > 0 && (
          <button type="button" class="button button-primary" aria-disabled={busy} onClick={start}>
            New submission
          </button>
        )}
      </PageHeading>
      {message && (
        <p class="notice notice-problem" role="alert">
          {message}
        </p>
      )}
      {pages.items?.length === 0 && <Welcome busy={busy} onStart={start} />}
      {pages.items && pages.items.length > 0 && (
        <ul class="submissions" aria-label="Your submissions">
          {pages.items.map((each) => (
            <Row key={each.id} submission={each} onRemove={remove} />
          ))}
        </ul>
      )}
      {!pages.items && !message && <p class="quiet page-wait">Loading…</p>}
      {pages.hasMore && (
        <button type="button" class="button" onClick={pages.more}>
          Show more
        </button>
      )}
    </section>
  );
}

/** @param {{busy: boolean, onStart: () => void}} props */
function Welcome({ busy, onStart }) {
  return (
    <div class="welcome">
      <ol class="steps">
        {STEPS.map(([name, text]) => (
          <li key={name}>
            <h2>{name}</h2>
            <p>{text}</p>
          </li>
        ))}
      </ol>
      <div class="empty">
        <p>
          You have no submissions yet. Recordings must not contain anything that identifies a
          patient; file names are never published.
        </p>
        <button
          type="button"
          class="button button-primary button-large"
          aria-disabled={busy}
          onClick={onStart}
        >
          Start a submission
        </button>
      </div>
    </div>
  );
}

/** @param {{submission: Submission, onRemove: (submission: Submission) => Promise<void>}} props */
function Row({ submission, onRemove }) {
  const { id, state, contributions, created_at, submitted_at } = submission;
  const draft = state === 'draft';
  return (
    <li class="card">
      <div>
        <h2>
          <a href={`#/contribute/${id}`}>{submissionTitle(submission)}</a>
        </h2>
        <p class="quiet">
          {plural(contributions, 'recording')},{' '}
          {submitted_at ? `sent on ${date(submitted_at)}` : `started on ${date(created_at)}`}
        </p>
      </div>
      <States submission={submission} />
      {draft && (
        <ConfirmButton
          action="Delete"
          label={`Delete ${submissionTitle(submission)}`}
          question={`${contributions > 0 ? plural(contributions, 'recording') : 'The draft'} will be deleted.`}
          yes="Delete it"
          kind="button-quiet"
          onYes={() => onRemove(submission)}
        />
      )}
    </li>
  );
}

/** @type {[import('../api/submissions.js').State, string][]} */
const STATES = [
  ['changes_requested', 'to answer'],
  ['pending', 'in review'],
  ['approved', 'approved'],
  ['rejected', 'rejected'],
  ['withdrawn', 'withdrawn'],
];

/** @param {{submission: Submission}} props */
function States({ submission: { state, states, files } }) {
  if (state === 'draft') {
    const coming = (files.receiving ?? 0) + (files.queued ?? 0) + (files.running ?? 0);
    return (
      <p class="tags">
        <span class="tag">Draft</span>
        {coming > 0 && <span class="tag">{coming} being processed</span>}
        {(files.failed ?? 0) > 0 && (
          <span class="tag tag-caution">{files.failed} not accepted</span>
        )}
      </p>
    );
  }
  return (
    <p class="tags">
      {STATES.filter(([key]) => (states[key] ?? 0) > 0).map(([key, words]) => (
        <span key={key} class={key === 'changes_requested' ? 'tag tag-caution' : 'tag'}>
          {states[key]} {words}
        </span>
      ))}
    </p>
  );
}
