/** What the contributor says about the recording. */
import { BLUE_POINTS, LABELS, PROBES, named } from '../../terms.js';
import { duration, when } from '../../words.js';

/** @param {{contribution: import('./shapes.js').Contribution}} props */
export function Said({ contribution }) {
  const c = contribution;
  const facts = [
    ['Label', named(LABELS, c.label) || 'none'],
    ['Probe', named(PROBES, c.probe)],
    ['Licence', c.licence ?? 'none'],
    ['Source', c.source],
    ['Age, sex', [c.age_band, c.sex].filter(Boolean).join(', ')],
    ['BLUE point', named(BLUE_POINTS, c.blue_point)],
    ['Symptoms', c.symptoms.map((each) => each.replaceAll('_', ' ')).join(', ')],
    ['Recording', `${c.width} × ${c.height}${c.duration_s ? `, ${duration(c.duration_s)}` : ''}`],
    ['Sent', c.submitted_at ? when(c.submitted_at) : ''],
  ].filter(([, value]) => value);
  return (
    <section class="said-by" aria-labelledby="said-title">
      <h2 id="said-title">The contributor says</h2>
      <dl class="said-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {c.note && <p class="said-note">{c.note}</p>}
    </section>
  );
}
