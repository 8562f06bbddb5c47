/** What the contributor entered about the recording, and its history. */
import { BLUE_POINTS, LABELS, PROBES, REASONS, nameOf } from '../shared/terms.js';
import { RecordingNotes } from '../shared/RecordingNotes.jsx';
import { depth, duration, dateTime } from '../shared/format.js';

/** @param {{contribution: import('../api/reviews.js').Contribution}} props */
export function ContributorEntries({ contribution }) {
  const c = contribution;
  const facts = [
    ['Label', nameOf(LABELS, c.label) || 'none'],
    ['Probe', nameOf(PROBES, c.probe)],
    ['Licence', c.licence ?? 'none'],
    ['Source', c.source],
    ['Age, sex', [c.age_band, c.sex].filter(Boolean).join(', ')],
    ['BLUE point', nameOf(BLUE_POINTS, c.blue_point)],
    ['Symptoms', c.symptoms.map((each) => each.replaceAll('_', ' ')).join(', ')],
    ['Recording', `${c.width} × ${c.height}${c.duration_s ? `, ${duration(c.duration_s)}` : ''}`],
    ['Field', c.depth_mm ? depth(c.depth_mm) : ''],
    ['Sent', c.submitted_at ? dateTime(c.submitted_at) : ''],
  ].filter(([, value]) => value);
  return (
    <section class="contributor-entries" aria-labelledby="entries-title">
      <h2 id="entries-title">The contributor says</h2>
      <dl class="entries-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <RecordingNotes notes={c.notes} />
      {c.note && <p class="entries-note">{c.note}</p>}
      <History contribution={c} />
    </section>
  );
}

/** @type {Record<string, string>} */
const VERDICTS = {
  approve: 'Previously approved',
  reject: 'Previously rejected',
  request_changes: 'A reviewer asked for changes',
};

/**
 * What was said in earlier rounds, and since it was released.
 * @param {{contribution: import('../api/reviews.js').Contribution}} props
 */
function History({ contribution }) {
  const { earlier_rounds, answer_to_reviewer, reports, standing_label, trouble } = contribution;
  const lines = [
    ...earlier_rounds.map(({ verdict, reason, comment }) => [
      VERDICTS[verdict],
      [nameOf(REASONS, reason), comment].filter(Boolean).join('. '),
    ]),
    ...(answer_to_reviewer ? [['The contributor’s answer', answer_to_reviewer]] : []),
    ...reports.map(({ label, message }) => [
      label ? `Reported as ${nameOf(LABELS, label)}` : 'Reported as wrong',
      message,
    ]),
    ...(trouble ? [['De-identification failed', trouble]] : []),
  ];
  if (lines.length === 0 && !standing_label) return null;
  return (
    <ul class="history" aria-label="History">
      {standing_label && (
        <li>
          <b>In the dataset as {nameOf(LABELS, standing_label)}</b>, until you decide.
        </li>
      )}
      {lines.map(([who, words], n) => (
        <li key={n}>
          <b>{who}</b>
          {words && `: ${words}`}
        </li>
      ))}
    </ul>
  );
}
