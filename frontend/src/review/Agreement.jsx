/** How far reviewers agree, and how many recordings they read. */
import { useEffect, useState } from 'preact/hooks';
import * as calls from '../api/reviews.js';
import { TableWrap } from '../shared/TableWrap.jsx';
import { Problem } from '../api/problem.js';
import { duration, plural } from '../shared/format.js';

/** @typedef {import('../api/reviews.js').Stats} Stats */

export function Agreement() {
  const [stats, setStats] = useState(/** @type {Stats | null} */ (null));
  const [problem, setProblem] = useState('');
  useEffect(() => {
    calls.stats().then(setStats, (failure) => {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    });
  }, []);
  if (problem) {
    return (
      <p class="notice notice-problem" role="alert">
        {problem}
      </p>
    );
  }
  if (!stats) return <p class="quiet">Loading…</p>;
  return (
    <div class="agreement-page">
      <Kappa stats={stats} />
      <Days days={stats.per_day} />
      <Reviewers reviewers={stats.per_reviewer} />
    </div>
  );
}

/** @param {{stats: Stats}} props */
function Kappa({ stats: { kappa, pairs, agreement } }) {
  return (
    <section class="figures" aria-label="Agreement">
      <div>
        <p class="figure-name">Cohen’s kappa</p>
        <p class="figure">{kappa === null ? 'not yet known' : kappa.toFixed(2)}</p>
        <p class="hint">
          {kappa === null
            ? 'Needs recordings that two reviewers have read.'
            : strengthOfAgreement(kappa)}
        </p>
      </div>
      <div>
        <p class="figure-name">Same verdict and label</p>
        <p class="figure">
          {agreement === null ? 'not yet known' : `${Math.round(agreement * 100)}%`}
        </p>
        {pairs > 0 && <p class="hint">of {plural(pairs, 'recording')} with two readings</p>}
      </div>
    </section>
  );
}

/**
 * The words of Landis and Koch (1977).
 * @param {number} kappa
 */
export function strengthOfAgreement(kappa) {
  if (kappa < 0) return 'less than chance agreement';
  if (kappa <= 0.2) return 'slight agreement';
  if (kappa <= 0.4) return 'fair agreement';
  if (kappa <= 0.6) return 'moderate agreement';
  if (kappa <= 0.8) return 'substantial agreement';
  return 'almost perfect agreement';
}

/** @param {{days: Stats['per_day']}} props */
function Days({ days }) {
  if (days.length === 0) return null;
  const most = Math.max(...days.map(({ reviews }) => reviews));
  return (
    <section aria-labelledby="days-title">
      <h2 id="days-title">Verdicts per day</h2>
      <ol class="days">
        {days.map(({ day, reviews }) => (
          <li key={day}>
            <span class="days-count">{reviews}</span>
            <i style={{ height: `${(reviews / most) * 100}%` }} />
            <span class="days-day">{shortDay(day)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** @param {string} day as in 2026-03-01 */
const shortDay = (day) =>
  new Date(`${day}T12:00:00`).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });

/** @param {{reviewers: Stats['per_reviewer']}} props */
function Reviewers({ reviewers }) {
  if (reviewers.length === 0) return <p class="quiet">No verdicts yet.</p>;
  return (
    <section aria-labelledby="reviewers-title">
      <h2 id="reviewers-title">Reviewers</h2>
      <TableWrap label="Reviewers">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                Verdicts
              </th>
              <th scope="col" class="number">
                Verdicts per hour
              </th>
              <th scope="col" class="number">
                Median time per recording
              </th>
            </tr>
          </thead>
          <tbody>
            {reviewers.map(({ name, reviews, per_hour, median_seconds }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{reviews}</td>
                <td class="number">{per_hour === null ? 'not yet known' : Math.round(per_hour)}</td>
                <td class="number">
                  {median_seconds === null ? '' : duration(Math.round(median_seconds))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableWrap>
    </section>
  );
}
