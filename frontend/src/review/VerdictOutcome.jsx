/** The outcome of the verdict, and the model's result, which is shown only after it. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Bars } from '../shared/Bars.jsx';
import { focusIntoView } from '../shared/focus.js';
import { classified, countedFrames, leftOutNote, refusal } from '../shared/outcome.js';
import { Signs } from '../shared/Signs.jsx';
import { LABELS, nameOf } from '../shared/terms.js';

/** @type {Partial<Record<import('../api/schema.d.ts').Outcome, [string, string]>>} */
const OUTCOMES = {
  approved: [
    'Approved',
    'It will be in the next release once its de-identified copy has been made.',
  ],
  rejected: ['Rejected', 'The contributor is told why.'],
  changes_requested: [
    'Changes requested',
    'It returns to the queue when the contributor has answered.',
  ],
  waiting_for_second: [
    'Verdict recorded',
    'A second reviewer reads it without seeing your verdict.',
  ],
  disputed: ['The two verdicts differ', 'A third reviewer decides.'],
};

/**
 * @param {{
 *   given: import('./drafts.js').Given,
 *   onNext: () => void,
 *   onUndo: () => void,
 *   problem: string | null,
 * }} props
 */
export function VerdictOutcome({ given, onNext, onUndo, problem }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useLayoutEffect(() => focusIntoView(heading.current), []);
  const [title, nextStep] = OUTCOMES[given.outcome] ?? ['Verdict recorded', ''];
  return (
    <section class="after" aria-labelledby="outcome-title">
      <h2 id="outcome-title" tabIndex={-1} ref={heading}>
        {title}
      </h2>
      <p class="quiet">{nextStep}</p>
      <ModelAnswer answer={given.modelAnswer} verdict={given.verdict} draft={given.draft} />
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="actions actions-main">
        <button type="button" class="button button-primary button-large" onClick={onNext}>
          Next recording <kbd>N</kbd>
        </button>
        <button type="button" class="button button-large" onClick={onUndo}>
          Undo <kbd>Z</kbd>
        </button>
      </div>
    </section>
  );
}

/**
 * @param {{
 *   answer: import('../api/screenings.js').Result | null,
 *   verdict: import('../api/reviews.js').Verdict,
 *   draft: import('./drafts.js').Draft,
 * }} props
 */
function ModelAnswer({ answer, verdict, draft: { label } }) {
  if (!answer) return <p class="hint">The model has no result for this recording.</p>;
  const named = classified(answer);
  const reason = refusal(answer);
  const leftOut = leftOutNote(answer);
  if (!named) {
    return (
      <div class="model-answer">
        <h3>The model does not answer</h3>
        <p>{reason?.title}.</p>
        {answer.model_version && <p class="hint">{answer.model_version}</p>}
      </div>
    );
  }
  const modelLabel = nameOf(LABELS, named.label);
  return (
    <div class="model-answer">
      <h3>
        The model says {modelLabel}
        {comparedWith(verdict, named.label, label)}
      </h3>
      {reason && <p class="notice notice-problem">{reason.title}.</p>}
      <Bars probabilities={named.probabilities} />
      {leftOut && <p class="notice">{leftOut}</p>}
      {named.signs && <Signs result={named} frames={countedFrames(named).length} />}
      {answer.model_version && <p class="hint">{answer.model_version}, five models</p>}
    </div>
  );
}

/**
 * The reviewer's verdict beside the model's result: only an approval names a class.
 * @param {import('../api/reviews.js').Verdict} verdict
 * @param {string} theirs
 * @param {string} label
 */
function comparedWith(verdict, theirs, label) {
  if (verdict === 'reject') return '; you rejected the recording';
  if (verdict !== 'approve' || !label) return '';
  return theirs === label ? ', as you do' : `; you say ${nameOf(LABELS, label)}`;
}
