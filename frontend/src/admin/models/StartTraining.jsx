/** Starting a training on a release, with settings that are sensible as they stand. */
import { useEffect, useState } from 'preact/hooks';
import * as dataset from '../../api/dataset.js';
import { Problem } from '../../api/problem.js';
import { plural } from '../../shared/format.js';

/**
 * @typedef {object} Setting
 * @property {string} name as `models.training.train.Config` has it
 * @property {string} label
 * @property {string} hint
 * @property {number} value
 * @property {number} min
 * @property {number} max
 * @property {number | 'any'} step
 */

/** @type {readonly Setting[]} */
const SETTINGS = [
  {
    name: 'epochs',
    label: 'Epochs',
    hint: 'passes over the training frames',
    value: 15,
    min: 1,
    max: 200,
    step: 1,
  },
  {
    name: 'batch',
    label: 'Batch',
    hint: 'frames in one step',
    value: 16,
    min: 1,
    max: 128,
    step: 1,
  },
  {
    name: 'learning_rate',
    label: 'Learning rate',
    hint: 'of Adam',
    value: 0.0001,
    min: 0.000001,
    max: 0.1,
    step: 'any',
  },
  {
    name: 'copies',
    label: 'Augmented copies',
    hint: 'of each frame; 0: none',
    value: 4,
    min: 0,
    max: 20,
    step: 1,
  },
];

/** How often the service is asked while a release is made. */
const AGAIN_MS = 3000;

/** @type {readonly [string, string][]} how copies differ from their frame */
const AUGMENTATIONS = [
  ['brightness', 'in brightness'],
  ['paper', 'as in the paper: rotated, shifted, mirrored'],
  ['both', 'in both ways'],
];

/**
 * @param {{
 *   busy: boolean,
 *   onTrain: (release: number, settings: Record<string, number | string>) => Promise<void>,
 * }} props
 */
export function StartTraining({ busy, onTrain }) {
  const [releases, setReleases] = useState(/** @type {dataset.ReleaseLine[] | null} */ (null));
  const [problem, setProblem] = useState('');
  const [asking, setAsking] = useState(false);
  const [making, setMaking] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    let left = false;
    async function look() {
      try {
        const { items } = await dataset.releases();
        const unfinished = items.find(({ state }) => state === 'queued' || state === 'running');
        setReleases(items.filter(({ state }) => state === 'done'));
        setMaking(unfinished?.number ?? null);
        setProblem('');
        if (unfinished && !left) timer = setTimeout(() => void look(), AGAIN_MS);
      } catch (failure) {
        if (!(failure instanceof Problem)) throw failure;
        setProblem(failure.detail);
      }
    }
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  /** @param {SubmitEvent} event */
  async function start(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const numbers = Object.fromEntries(SETTINGS.map(({ name }) => [name, Number(form.get(name))]));
    const augmentation = String(form.get('augmentation'));
    setAsking(true);
    await onTrain(Number(form.get('release')), { ...numbers, augmentation });
    setAsking(false);
  }
  return (
    <section class="card flow" aria-labelledby="train-title">
      <h2 id="train-title">Train on a release</h2>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {making !== null && (
        <p class="quiet" role="status">
          Release {making} is being made; it can be trained on once it is done.
        </p>
      )}
      {releases?.length === 0 && making === null && (
        <p class="quiet">
          There is no release to train on yet. <a href="#/dataset">Make one</a> first.
        </p>
      )}
      {releases && releases.length > 0 && (
        <form class="form" onSubmit={(event) => void start(event)}>
          <div class="settings">
            <div class="field">
              <label for="train-release">Release</label>
              <select id="train-release" name="release" class="input">
                {releases.map(({ number, summary }) => (
                  <option key={number} value={number}>
                    {number}
                    {summary && `, ${plural(summary.recordings, 'recording')}`}
                  </option>
                ))}
              </select>
            </div>
            {SETTINGS.map(({ name, label, hint, value, min, max, step }) => (
              <div key={name} class="field">
                <label for={`train-${name}`}>{label}</label>
                <input
                  id={`train-${name}`}
                  class="input"
                  type="number"
                  name={name}
                  defaultValue={String(value)}
                  min={min}
                  max={max}
                  step={step}
                  required
                  aria-describedby={`train-${name}-hint`}
                />
                <span class="hint" id={`train-${name}-hint`}>
                  {hint}
                </span>
              </div>
            ))}
            <div class="field">
              <label for="train-augmentation">Copies differ</label>
              <select id="train-augmentation" name="augmentation" class="input">
                {AUGMENTATIONS.map(([name, words]) => (
                  <option key={name} value={name}>
                    {words}
                  </option>
                ))}
              </select>
            </div>
          </div>
          <div class="actions">
            <button
              type="submit"
              class="button button-primary button-large"
              disabled={busy || asking}
            >
              Train
            </button>
            <p class="hint">
              {busy
                ? 'A training is running; the next can start when it has finished.'
                : 'Five folds make one artifact. It is not used until you activate it.'}
            </p>
          </div>
        </form>
      )}
    </section>
  );
}
