/** Reviewing: the queue, the recording that is read, and how far the reviewers agree. */
import { useState } from 'preact/hooks';
import { PageHeading } from '../shared/PageHeading.jsx';
import { useShortcuts } from '../shared/useShortcuts.js';
import { Agreement } from './Agreement.jsx';
import { NO_FILTERS, Queue } from './Queue.jsx';
import { Reading } from './Reading.jsx';
import { useReviewSession } from './useReviewSession.js';
import { useQueue } from './useQueue.js';
import './review.css';
import './player.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function Review({ query }) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const desk = useReviewSession(filters);
  const agreement = query.get('view') === 'agreement';
  const atQueue = !agreement && !desk.contribution;
  const { page, problem, fetchMore } = useQueue(filters, atQueue && !desk.busy);
  const keys = [
    { key: 'n', description: 'Review the next recording', run: desk.next },
    { key: 'z', description: 'Take the last verdict back', run: desk.undo },
  ];
  useShortcuts('Queue', atQueue ? keys : []);
  return (
    <section class="page review">
      <PageHeading title="Review">
        {!agreement && desk.contribution ? (
          <button type="button" class="button" onClick={desk.leave}>
            Back to the queue
          </button>
        ) : (
          <Views agreement={agreement} />
        )}
      </PageHeading>
      {agreement ? (
        <Agreement />
      ) : desk.contribution ? (
        <Reading
          key={desk.contribution.id}
          contribution={desk.contribution}
          given={desk.given}
          problem={desk.problem}
          onGiven={desk.give}
          onNext={desk.next}
          onSkip={desk.skip}
          onUndo={desk.undo}
        />
      ) : (
        <>
          {(desk.problem || problem) && (
            <p class="notice notice-problem" role="alert">
              {desk.problem || problem}
            </p>
          )}
          {desk.last && (
            <p class="notice spread">
              <span>Your last verdict can still be taken back.</span>
              <button type="button" class="button" onClick={desk.undo}>
                Undo <kbd>Z</kbd>
              </button>
            </p>
          )}
          <Queue
            items={page?.items ?? null}
            more={Boolean(page?.next)}
            total={page?.total ?? null}
            filters={filters}
            busy={desk.busy}
            onFilters={setFilters}
            onNext={desk.next}
            onOpen={desk.open}
            onMore={() => void fetchMore()}
          />
        </>
      )}
    </section>
  );
}

/** @param {{agreement: boolean}} props */
function Views({ agreement }) {
  return (
    <nav class="views" aria-label="Reviewing">
      <a href="#/review" aria-current={agreement ? undefined : 'page'}>
        Queue
      </a>
      <a href="#/review?view=agreement" aria-current={agreement ? 'page' : undefined}>
        Agreement
      </a>
    </nav>
  );
}
