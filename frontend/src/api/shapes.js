/**
 * The shapes that travel: what the API sends, and what the page keeps about each recording.
 *
 * @typedef {'covid19' | 'pneumonia' | 'healthy'} ClassKey
 * @typedef {Record<ClassKey, number>} Probabilities each 0 to 1, together 1
 *
 * @typedef {object} Square a square part of a picture, in source pixels
 * @property {number} x
 * @property {number} y
 * @property {number} size
 *
 * @typedef {object} Recording one image or video, as uploaded
 * @property {string} id
 * @property {'image' | 'video'} kind
 * @property {string} format
 * @property {number} width
 * @property {number} height
 * @property {number | null} duration_s
 * @property {number} frames in the file
 * @property {number} sampled_frames that a screening answers
 * @property {number} bytes
 * @property {Square} proposed_crop
 * @property {string | null} preview_url null once the pixels are deleted
 * @property {string} created_at
 * @property {string} expires_at
 *
 * @typedef {object} FrameAnswer
 * @property {number} index
 * @property {number} time_s
 * @property {Probabilities} probabilities
 *
 * @typedef {object} Result
 * @property {ClassKey} label
 * @property {number} probability
 * @property {Probabilities} probabilities
 * @property {{probabilities: Probabilities}[]} models
 * @property {ClassKey} majority_vote
 * @property {FrameAnswer[]} frames
 * @property {number} agreement how many models name the label
 * @property {Square} crop
 * @property {string} model_version
 * @property {string} disclaimer
 *
 * @typedef {object} Progress
 * @property {number} done frames
 * @property {number} total frames
 * @property {number | null} seconds_left
 * @property {number | null} [ahead] how many screenings are answered before this one, while queued
 *
 * @typedef {object} Screening
 * @property {string} id
 * @property {string} recording_id
 * @property {'queued' | 'running' | 'done' | 'failed'} status
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {Square} crop
 * @property {Progress} progress
 * @property {Result | null} result
 * @property {{code: string, message: string} | null} error
 * @property {boolean} frames_available
 *
 * @typedef {object} Limits
 * @property {number} max_bytes
 * @property {number} max_seconds
 * @property {number} max_pixels
 * @property {number} max_frames
 * @property {string[]} types
 * @property {number} retention_hours
 * @property {number} uploads_per_minute
 *
 * @typedef {'waiting' | 'uploading' | 'refused' | 'interrupted' | 'restoring' | 'ready'
 *   | 'starting' | 'screening' | 'done' | 'failed' | 'gone'} Stage
 *   where a recording stands on its way; `refused`: the upload was not taken; `interrupted`: the
 *   page was reloaded before the upload was complete; `gone`: deleted on the server
 *
 * @typedef {object} Item one recording on the page
 * @property {string} key
 * @property {string} name the file's name on this computer; never sent anywhere else than the upload
 * @property {number} bytes
 * @property {boolean} uploadedHere uploaded from this page, rather than opened by a link
 * @property {Stage} stage
 * @property {number} sent bytes that have left so far
 * @property {number | null} secondsLeft of the upload
 * @property {number | null} resumesAt when a request that the service put off is sent again (epoch ms)
 * @property {import('./problem.js').Problem | null} problem
 * @property {string | null} recordingId known before the recording itself is, after a reload
 * @property {Recording | null} recording
 * @property {string | null} screeningId likewise
 * @property {Square | null} square as the person has set it
 * @property {Screening | null} screening the latest
 * @property {boolean} wanted it is to be screened as soon as it is ready
 * @property {boolean} adjusting the square is being set anew although there is an answer
 * @property {boolean} offline news about the screening do not arrive at the moment
 *
 * @typedef {'contributor' | 'reviewer' | 'admin'} Role each may also do what those before it may
 *
 * @typedef {object} User
 * @property {string} id
 * @property {string} email
 * @property {string} name
 * @property {string} affiliation
 * @property {Role} role
 * @property {string} created_at
 * @property {string | null} disabled_at
 *
 * @typedef {object} Token an API token; its secret is only known to its owner
 * @property {string} id
 * @property {string} name
 * @property {string} hint its beginning
 * @property {string[]} scopes
 * @property {string} created_at
 * @property {string | null} expires_at
 * @property {string | null} last_used_at
 * @property {string | null} revoked_at
 */

export {};
