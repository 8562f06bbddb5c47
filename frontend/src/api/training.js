/** The calls of retraining: runs with their folds, artifacts, and which of them answers. */
import { request, query, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').JobState} JobState
 * @typedef {import('./schema.d.ts').FoldOut} Fold
 *
 * @typedef {Omit<import('./schema.d.ts').TrainingOut, 'comparison'> & {comparison: Comparison | null}} Training
 *
 * @typedef {object} Comparison of the new and the then active artifact on the same recordings
 * @property {number} recordings
 * @property {number} [left_out] recordings that every model of the active one has seen in part
 * @property {{version: string, metrics: Figures | null}} new null where they cannot be compared
 * @property {{version: string, metrics: Figures | null, may_have_seen: boolean}} active
 *
 * @typedef {object} ClassFigures each 0 to 1
 * @property {number} sensitivity
 * @property {number} specificity
 *
 * @typedef {object} Figures of one cross-validation
 * @property {number} frames
 * @property {number} videos
 * @property {number} frame_accuracy
 * @property {number} frame_balanced_accuracy
 * @property {number} video_accuracy
 * @property {Record<string, ClassFigures>} video_classes
 *
 * @typedef {Omit<import('./schema.d.ts').ArtifactLine, 'metrics'> & {metrics: Record<string, Figures>}} Artifact
 *   the metrics by what the folds keep together
 */

/** @returns {Promise<{items: Training[], next: string | null}>} */
export const trainings = () => request('/trainings');

/** @param {string} id @returns {Promise<Training>} */
export const training = (id) => request(`/trainings/${encodeURIComponent(id)}`);

/**
 * @param {number} release
 * @param {import('./schema.d.ts').TrainingSettings} settings
 * @returns {Promise<Training>}
 */
export const train = (release, settings) => sendJson('POST', '/trainings', { release, settings });

/** @param {string} id @returns {Promise<Training>} */
export const cancelTraining = (id) =>
  sendJson('POST', `/trainings/${encodeURIComponent(id)}/cancel`);

/** @returns {Promise<{items: Artifact[], next: string | null}>} */
export const artifacts = () => request(`/artifacts${query({})}`);

/** @param {string} version */
export const activate = (version) =>
  sendJson('POST', `/artifacts/${encodeURIComponent(version)}/activate`);
