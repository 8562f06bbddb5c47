/** The artifacts: one beside the active one, and the button that makes it answer. */
import { useState } from 'preact/hooks';
import { TableWrap } from '../../shared/TableWrap.jsx';
import { dateTime } from '../../shared/format.js';
import { ConfirmDialog } from './ConfirmDialog.jsx';
import { ROWS, inPercent, inPoints, measured, notComparable } from './figures.js';

/**
 * @typedef {import('../../api/training.js').Artifact} Artifact
 * @typedef {import('../../api/training.js').Training} Training
 */

/**
 * @param {{
 *   artifacts: Artifact[],
 *   trainings: readonly Training[],
 *   onActivate: (version: string) => Promise<void>,
 * }} props
 */
export function Artifacts({ artifacts, trainings, onActivate }) {
  const active = artifacts.find((each) => each.active) ?? null;
  const others = artifacts.filter((each) => !each.active);
  const [chosen, setChosen] = useState('');
  const [asking, setAsking] = useState(false);
  const other = others.find(({ version }) => version === chosen) ?? others[0] ?? null;
  return (
    <section class="card flow" aria-labelledby="artifacts-title">
      <div class="spread artifacts-head">
        <h2 id="artifacts-title">Artifacts</h2>
        {others.length > 1 && (
          <label class="artifact-choice">
            Compare with
            <select
              class="input"
              value={other?.version}
              onChange={({ currentTarget }) => setChosen(currentTarget.value)}
            >
              {others.map(({ version, created_at }) => (
                <option key={version} value={version}>
                  {version}, {dateTime(created_at)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {active && <Comparison active={active} other={other} trainings={trainings} />}
      {!other && <p class="quiet">There are no other models yet: train new ones on a release.</p>}
      {other && !other.available && (
        <p class="hint">
          {other.version} came with an earlier version of this software and is no longer included:
          it can be compared but not activated.
        </p>
      )}
      {other?.available && (
        <div class="actions">
          <button type="button" class="button button-primary" onClick={() => setAsking(true)}>
            {isOlder(other, active) ? 'Roll back to' : 'Activate'} {other.version}
          </button>
          <p class="hint">Each screening records the model version that was used.</p>
        </div>
      )}
      {asking && other && (
        <ConfirmDialog
          title={`Activate ${other.version}?`}
          words={
            `New screenings will use ${other.version}` +
            `${active ? ` in place of ${active.version}` : ''}. ` +
            'Earlier results do not change. You can switch back at any time.'
          }
          yes={`Activate ${other.version}`}
          onYes={() => onActivate(other.version)}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

/** @param {Artifact} other @param {Artifact | null} active */
const isOlder = (other, active) =>
  active !== null && Date.parse(other.created_at) < Date.parse(active.created_at);

/** @param {{active: Artifact, other: Artifact | null, trainings: readonly Training[]}} props */
function Comparison({ active, other, trainings }) {
  const ways = measured(active, other, trainings);
  const [chosen, setChosen] = useState('');
  const way = ways.find(({ name }) => name === chosen) ?? ways[0];
  const caution = notComparable(active, other, trainings);
  if (!way) return <p class="quiet">No accuracy is known for {other ? 'them' : 'it'} yet.</p>;
  const { ours: left, theirs: right, hint, comparable } = way;
  return (
    <>
      <div class="views artifact-groups" role="group" aria-label="Measured by">
        {ways.map(({ name }) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === way.name}
            onClick={() => setChosen(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <TableWrap label="Figures of the artifacts">
        <table class="table comparison">
          <caption class="unseen">Figures of the artifacts side by side</caption>
          <thead>
            <tr>
              <th scope="col">
                {comparable ? 'On the same recordings' : 'On held-out recordings'}
              </th>
              <th scope="col" class="number">
                {active.version} <span class="tag">active</span>
              </th>
              {other && (
                <>
                  <th scope="col" class="number">
                    {other.version}
                  </th>
                  {comparable && (
                    <th scope="col" class="number">
                      Difference, points
                    </th>
                  )}
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {ROWS.map(({ name, of }) => {
              const [ours, theirs] = [left && of(left), right && of(right)];
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="number">{inPercent(ours)}</td>
                  {other && (
                    <>
                      <td class="number">{inPercent(theirs)}</td>
                      {comparable && <td class="number">{inPoints(theirs, ours)}</td>}
                    </>
                  )}
                </tr>
              );
            })}
            <tr>
              <th scope="row">Videos, frames</th>
              <td class="number">{left && `${left.videos}, ${left.frames}`}</td>
              {other && (
                <>
                  <td class="number">{right && `${right.videos}, ${right.frames}`}</td>
                  {comparable && <td />}
                </>
              )}
            </tr>
          </tbody>
        </table>
      </TableWrap>
      {caution && <p class="notice">{caution}</p>}
      {hint && <p class="hint">{hint}</p>}
    </>
  );
}
