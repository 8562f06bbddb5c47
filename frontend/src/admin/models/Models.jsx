/** Which models answer, what others there are, and training new ones on a release. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import * as calls from '../../api/training.js';
import { PageHeading } from '../../shared/PageHeading.jsx';
import { Problem } from '../../api/problem.js';
import { Artifacts } from './Artifacts.jsx';
import { StartTraining } from './StartTraining.jsx';
import { Trainings } from './Trainings.jsx';
import { isUnderWay } from './trainingState.js';
import './models.css';

/** How often the service is asked while a training is under way. */
const AGAIN_MS = 2000;

/**
 * @typedef {import('../../api/training.js').Training} Training
 * @typedef {import('../../api/training.js').Artifact} Artifact
 */

export default function Models() {
  const [trainings, setTrainings] = useState(/** @type {Training[] | null} */ (null));
  const [artifacts, setArtifacts] = useState(/** @type {Artifact[] | null} */ (null));
  const [problem, setProblem] = useState('');
  const look = useCallback(async () => {
    try {
      const [runs, known] = await Promise.all([calls.trainings(), calls.artifacts()]);
      setTrainings(runs.items);
      setArtifacts(known.items);
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }, []);
  const busy = trainings?.some(isUnderWay) ?? false;
  useEffect(() => void look(), [look]);
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [busy, look]);
  /**
   * Do something, then look at what has become of it.
   * @param {() => Promise<unknown>} work
   */
  async function attempt(work) {
    try {
      await work();
      await look();
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }
  const active = artifacts?.find((each) => each.active) ?? null;
  return (
    <section class="page">
      <PageHeading title="Models" lead={active ? `${active.version} answers now.` : undefined} />
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {!trainings && !problem && <p class="quiet">Loading…</p>}
      {artifacts && (
        <Artifacts
          artifacts={artifacts}
          trainings={trainings ?? []}
          onActivate={(version) => attempt(() => calls.activate(version))}
        />
      )}
      {trainings && (
        <>
          <StartTraining
            busy={busy}
            onTrain={(release, settings) => attempt(() => calls.train(release, settings))}
          />
          <Trainings
            trainings={trainings}
            onCancel={(id) => attempt(() => calls.cancelTraining(id))}
          />
        </>
      )}
    </section>
  );
}
