/** The trainings: how far each fold of a running one is, and what came of the others. */
import { ProgressBar } from '../../shared/ProgressBar.jsx';
import { plural, dateTime } from '../../shared/format.js';
import { isUnderWay } from './trainingState.js';

/** @typedef {import('../../api/training.js').Training} Training */

/** @type {Record<import('../../api/training.js').JobState, string>} */
const STATES = {
  queued: 'Waiting for a worker',
  running: 'Running',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/**
 * @param {{
 *   trainings: Training[],
 *   onCancel: (id: string) => Promise<void>,
 * }} props
 */
export function Trainings({ trainings, onCancel }) {
  if (trainings.length === 0) return null;
  return (
    <section class="flow" aria-labelledby="trainings-title">
      <h2 id="trainings-title">Trainings</h2>
      <ol class="flow" aria-labelledby="trainings-title">
        {trainings.map((training) => (
          <Run key={training.id} training={training} onCancel={onCancel} />
        ))}
      </ol>
    </section>
  );
}

/** @param {{training: Training, onCancel: (id: string) => Promise<void>}} props */
function Run({ training, onCancel }) {
  const { id, release, state, stage, created_at, error, artifact_version, folds } = training;
  const underWay = isUnderWay(training);
  return (
    <li class="card run">
      <div class="spread run-head">
        <div>
          <h3>Release {release}</h3>
          <p class="quiet">
            {STATES[state]}
            {underWay && stage && `: ${stage}`} · {dateTime(created_at)}
          </p>
        </div>
        {underWay && (
          <button type="button" class="button" onClick={() => void onCancel(id)}>
            Cancel
          </button>
        )}
        {artifact_version && <span class="tag">{artifact_version}</span>}
      </div>
      {error && <p class="notice notice-problem">{error}</p>}
      {underWay && (
        <ul class="folds">
          {folds.map((fold) => (
            <Fold key={fold.fold} fold={fold} />
          ))}
        </ul>
      )}
      {training.left_out.length > 0 && (
        <p class="hint">
          Without {plural(training.left_out.length, 'recording')} of the release: their patient, or
          a copy of them, is tested in another fold.
        </p>
      )}
      <p class="hint">{written(training.settings)}</p>
    </li>
  );
}

/** @param {{fold: import('../../api/training.js').Fold}} props */
function Fold({ fold: { fold, state, stage, done, total, error } }) {
  const share = state === 'done' ? 1 : total ? done / total : 0;
  const words =
    state === 'running' && total ? `${stage || 'step'} ${done} of ${total}` : STATES[state];
  return (
    <li>
      <span>Fold {fold + 1}</span>
      <ProgressBar
        label={`Fold ${fold + 1}`}
        share={state === 'running' && !total ? null : share}
        text={words}
      />
      <span class="hint">{error ?? words}</span>
    </li>
  );
}

/** @param {Record<string, unknown>} settings */
const written = (settings) =>
  Object.entries(settings)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`)
    .join(' · ');
