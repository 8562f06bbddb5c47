/** A reviewer's session: the current recording, the last verdict, and moving to the next. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/reviews.js';
import { announce } from '../shared/announcer.js';
import { Problem } from '../api/problem.js';
import {
  currentId,
  removeDraft,
  saveDraft,
  saveLastVerdict,
  lastVerdict,
  setCurrentId,
} from './drafts.js';

/**
 * @typedef {import('../api/reviews.js').Contribution} Contribution
 * @typedef {import('./drafts.js').Given} Given
 */

/** @param {import('../api/reviews.js').Filters} filters */
export function useReviewSession(filters) {
  const [contribution, setContribution] = useState(/** @type {Contribution | null} */ (null));
  const [given, setGiven] = useState(/** @type {Given | null} */ (null));
  const [last, setLast] = useState(lastVerdict);
  const [busy, setBusy] = useState(() => currentId() !== null);
  const [problem, setProblem] = useState('');
  /** @param {Contribution | null} next */
  function showRecording(next) {
    setContribution(next);
    setGiven(null);
    setCurrentId(next?.id ?? null);
  }
  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    setBusy(true);
    setProblem('');
    try {
      await work();
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    } finally {
      setBusy(false);
    }
  }
  function forgetLast() {
    setLast(null);
    saveLastVerdict(null);
  }
  async function claimNext() {
    const taken = await calls.next(filters);
    showRecording(taken ?? null);
    announce(taken ? 'The next recording' : 'Nothing is ready for review');
  }
  useEffect(() => {
    const kept = currentId();
    if (!kept) return;
    void attempt(async () => {
      setCurrentId(null); // not again, should it be another's by now
      showRecording(await calls.claim(kept));
    });
    // Only once: a reload goes on where this tab was.
  }, []);
  return {
    contribution,
    given,
    last,
    busy,
    problem,
    next: () => !busy && void attempt(claimNext),
    /** @param {string} id */
    open: (id) => !busy && void attempt(async () => showRecording(await calls.claim(id))),
    /** @param {Given} verdict */
    give(verdict) {
      removeDraft(verdict.contributionId);
      setCurrentId(null);
      setGiven(verdict);
      setLast(verdict);
      saveLastVerdict(verdict);
    },
    skip() {
      if (!contribution || busy) return;
      void attempt(async () => {
        await calls.release(contribution.id);
        await claimNext();
      });
    },
    leave() {
      const claimed = given ? null : contribution;
      showRecording(null);
      if (claimed) void attempt(() => calls.release(claimed.id));
    },
    undo() {
      if (!last || busy) return;
      void attempt(async () => {
        try {
          await calls.undo(last.id);
        } catch (failure) {
          const final = failure instanceof Problem && failure.status >= 400 && !failure.busy;
          if (final) forgetLast(); // it is in a release by now, or undone
          throw failure;
        }
        forgetLast();
        saveDraft(last.contributionId, last.draft);
        announce('The verdict is taken back.');
        showRecording(await calls.claim(last.contributionId));
      });
    },
  };
}
