/** The calls of retraining: runs with their folds, artifacts, and which of them answers. */
import { request, query, sendJson } from './client.js';

/**
 * @typedef {'queued' | 'running' | 'done' | 'failed' | 'cancelled'} JobState
 *
 * @typedef {object} Fold
 * @property {number} fold from 0
 * @property {JobState} state
 * @property {string} stage
 * @property {number} done of `total` steps of the stage
 * @property {number} total
 * @property {string | null} error
 *
 * @typedef {object} Training
 * @property {string} id
 * @property {number} release
 * @property {JobState} state
 * @property {string} stage
 * @property {Record<string, unknown>} settings
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {string | null} error
 * @property {string | null} artifact_version
 * @property {Fold[]} folds
 * @property {string[]} left_out ids of recordings that are not trained on
 * @property {Comparison | null} comparison
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
 * @typedef {object} Artifact
 * @property {string} version
 * @property {string} created_at
 * @property {boolean} active
 * @property {boolean} available whether it can be made to answer
 * @property {Record<string, Figures>} metrics by what the folds keep together
 */

/** @returns {Promise<{items: Training[], next: string | null}>} */
export const trainings = () => request('/trainings');

/** @param {string} id @returns {Promise<Training>} */
export const training = (id) => request(`/trainings/${encodeURIComponent(id)}`);

/**
 * @param {number} release
 * @param {Record<string, unknown>} settings
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
