/** What is stored, held against what should be: the last check, and a button for another one. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import * as calls from '../../api/checks.js';
import { PageHeading } from '../../shared/PageHeading.jsx';
import { TableWrap } from '../../shared/TableWrap.jsx';
import { Problem } from '../../api/problem.js';
import { plural, dateTime } from '../../shared/format.js';
import './checks.css';

/** How often the service is asked while a check is under way. */
const AGAIN_MS = 1500;

/**
 * @typedef {import('../../api/checks.js').Check} Check
 * @typedef {import('../../api/checks.js').Finding} Finding
 */

/** @type {Readonly<Record<string, string>>} what each stage looks at */
const STAGES = {
  labels: 'labels against the tables that came with them',
  patients: 'patients and folds',
  releases: 'released files',
  missing: 'bytes that should be there',
  contents: 'sizes and hashes of what is stored',
  pixels: 'recordings, read anew',
  stray: 'bytes that nothing answers for',
};

/** @param {Check} check */
const isUnderWay = ({ state }) => state === 'queued' || state === 'running';

export default function Checks() {
  const [last, setLast] = useState(
    /** @type {(Check & {findings: Finding[]}) | null | undefined} */ (undefined),
  );
  const [deep, setDeep] = useState(false);
  const [problem, setProblem] = useState('');
  const look = useCallback(async () => {
    try {
      const { items } = await calls.checks();
      setLast(items.length > 0 ? await calls.check(items[0].id) : null);
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }, []);
  const busy = last ? isUnderWay(last) : false;
  useEffect(() => void look(), [look]);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [busy, look]);
  /** @param {boolean} fix */
  async function start(fix) {
    try {
      await calls.start({ deep, fix });
      await look();
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }
  const mendable = last ? sum(last, 'mendable') - sum(last, 'mended') : 0;
  return (
    <section class="page">
      <PageHeading
        title="Check"
        lead="Checks the labels, patients, files and images of this installation for consistency."
      >
        <button type="button" class="button" disabled={busy} onClick={() => start(false)}>
          Start a check
        </button>
        {mendable > 0 && (
          <button
            type="button"
            class="button button-primary"
            disabled={busy}
            onClick={() => start(true)}
          >
            Repair {plural(mendable, 'finding')}
          </button>
        )}
      </PageHeading>
      <label class="check-deep">
        <input
          type="checkbox"
          checked={deep}
          disabled={busy}
          onChange={({ currentTarget }) => setDeep(currentTarget.checked)}
        />{' '}
        Also read and hash all files, which takes longer
      </label>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {last === undefined && !problem && <p class="quiet">Loading…</p>}
      {last === null && (
        <p class="quiet">
          No check has been run yet. A check looks at everything that is stored while the service
          keeps running.
        </p>
      )}
      {last && <State check={last} />}
      {last && last.findings.length > 0 && <Findings findings={last.findings} />}
    </section>
  );
}

/**
 * @param {Check} check
 * @param {'found' | 'mendable' | 'mended'} name
 */
const sum = ({ counts }, name) =>
  Object.values(counts).reduce((total, count) => total + count[name], 0);

/** @param {{check: Check}} props */
function State({ check }) {
  const found = sum(check, 'found');
  const mended = sum(check, 'mended');
  return (
    <div role="status">
      {check.state === 'queued' && <p>The check is waiting for a worker.</p>}
      {check.state === 'running' && (
        <p>
          Looking at {STAGES[check.stage] ?? 'what is stored'}:{' '}
          {plural(check.looked_at, 'row or object', 'rows and objects')} so far.
        </p>
      )}
      {check.state === 'failed' && (
        <p class="notice notice-problem">The check could not be completed. {check.error}</p>
      )}
      {check.finished_at && check.state === 'done' && found === 0 && (
        <p class="notice">No problems found. Checked {dateTime(check.finished_at)}.</p>
      )}
      {found > 0 && (
        <p>
          {plural(found, 'finding')}
          {check.fix ? `, ${mended} repaired` : ''}
          {check.finished_at ? `, ${dateTime(check.finished_at)}` : ''}.
        </p>
      )}
    </div>
  );
}

/** @param {{findings: Finding[]}} props */
function Findings({ findings }) {
  return (
    <TableWrap label="Findings" card>
      <table class="table checks">
        <thead>
          <tr>
            <th scope="col">What was found</th>
            <th scope="col">Affected item</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => (
            <tr key={`${finding.kind} ${finding.id} ${finding.text}`}>
              <td>
                {finding.text} <span class="hint">{finding.kind}</span>
              </td>
              <td class="check-subject">
                {finding.subject} <code>{finding.id}</code>
              </td>
              <td>{whatToDo(finding)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

/** @param {Finding} finding */
function whatToDo({ mended, mendable, advice }) {
  if (mended) return 'Repaired.';
  if (!mendable) return advice;
  return advice ? `Repair it here. If that is not possible: ${advice}` : 'Repair it here.';
}
