/** Giving the verdict: what it needs first, sending it, and what the service says to it. */
import { useRef, useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';
import { isSameSquare } from '../shared/square.js';
import * as calls from '../api/reviews.js';

/**
 * @typedef {import('../api/reviews.js').Contribution} Contribution
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('../api/reviews.js').Verdict} Verdict
 * @typedef {import('../api/reviews.js').Reason} Reason
 * @typedef {'tick' | 'label' | 'comment' | null} Missing what the verdict still needs
 */

/**
 * @param {object} options
 * @param {Contribution} options.contribution
 * @param {Draft} options.draft
 * @param {(given: import('./drafts.js').Given) => void} options.onGiven
 */
export function useVerdict({ contribution, draft, onGiven }) {
  const [sending, setSending] = useState(false);
  const [missing, setMissing] = useState(/** @type {Missing} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const tried = useRef(/** @type {[Verdict, Reason | null] | null} */ (null));
  /**
   * @param {Verdict} verdict
   * @param {Reason | null} reason
   */
  async function give(verdict, reason = null) {
    if (sending) return;
    tried.current = [verdict, reason];
    const lacks = missingFor(verdict, reason, draft);
    setMissing(lacks);
    if (lacks === 'comment') focus('#md-comment');
    if (lacks === 'label') focus('[name=label]');
    if (lacks === 'tick') focus('#unmarked');
    if (lacks) return;
    setSending(true);
    setProblem(null);
    try {
      const answer = await calls.review(
        contribution.id,
        toPayload(verdict, reason, draft, contribution),
      );
      onGiven({
        id: answer.id,
        verdict,
        contributionId: contribution.id,
        outcome: answer.outcome,
        modelAnswer: answer.model_answer,
        draft,
      });
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure);
    } finally {
      setSending(false);
    }
  }
  /** Give the verdict that lacked something. */
  const again = () => tried.current && void give(...tried.current);
  return { sending, missing, problem, give, again };
}

/**
 * @param {Verdict} verdict
 * @param {Reason | null} reason
 * @param {Draft} draft
 * @returns {Missing}
 */
export function missingFor(verdict, reason, { label, unmarked, comment }) {
  if (verdict === 'approve' && !label) return 'label';
  if (verdict === 'approve' && !unmarked) return 'tick';
  const inWords = verdict === 'request_changes' || reason === 'other';
  return inWords && !comment.trim() ? 'comment' : null;
}

/**
 * The verdict as the service wants it. What was left alone is not said.
 * @param {Verdict} verdict
 * @param {Reason | null} reason
 * @param {Draft} draft
 * @param {Contribution} contribution
 * @returns {import('../api/schema.d.ts').ReviewIn}
 */
export function toPayload(verdict, reason, draft, { proposed_crop }) {
  return {
    verdict,
    reason,
    label: draft.label || null,
    findings: draft.findings,
    square: isSameSquare(draft.square, proposed_crop) ? null : draft.square,
    trim_start_s: draft.trimStart,
    trim_end_s: draft.trimEnd,
    no_identifying_marks: draft.unmarked,
    text: Object.entries(draft.text).map(([box, decision]) => ({ box: Number(box), decision })),
    comment: draft.comment.trim(),
  };
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}
