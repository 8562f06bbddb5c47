/** The calls of retraining: runs with their folds, artifacts, and which of them answers. */
import { call } from './call.js';

/**
 * @typedef {import('./schema.d.ts').JobState} JobState
 * @typedef {import('./schema.d.ts').FoldOut} Fold
 * @typedef {import('./schema.d.ts').TrainingOut} Training
 * @typedef {import('./schema.d.ts').Metrics} Metrics of one cross-validation
 * @typedef {import('./schema.d.ts').ArtifactLine} Artifact
 */

export const trainings = () => call('get', '/trainings');

/** @param {string} id */
export const training = (id) =>
  call('get', '/trainings/{training_id}', { path: { training_id: id } });

/**
 * @param {number} release
 * @param {import('./schema.d.ts').TrainingSettings} settings
 */
export const train = (release, settings) =>
  call('post', '/trainings', { body: { release, settings } });

/** @param {string} id */
export const cancelTraining = (id) =>
  call('post', '/trainings/{training_id}/cancel', { path: { training_id: id } });

export const artifacts = () => call('get', '/artifacts');

/** @param {string} version */
export const activate = (version) =>
  call('post', '/artifacts/{version}/activate', { path: { version } });
