/**
 * The shapes of reviewing: what the service sends, and what a reviewer is about to say.
 *
 * @typedef {import('./shapes.js').Square} Square
 * @typedef {'approve' | 'reject' | 'request_changes'} Verdict
 * @typedef {Record<string, boolean>} Findings
 *
 * @typedef {object} Contribution a recording in review, without anything about who sent it
 * @property {string} id
 * @property {string} state
 * @property {'image' | 'video'} kind
 * @property {number} width in pixels, as the square is
 * @property {number} height
 * @property {number | null} duration_s
 * @property {Square} proposed_crop
 * @property {string | null} preview_url
 * @property {string | null} label
 * @property {string | null} probe
 * @property {string | null} licence
 * @property {string} source
 * @property {boolean} has_patient
 * @property {string | null} age_band
 * @property {string | null} sex
 * @property {string | null} blue_point
 * @property {Findings} findings
 * @property {string[]} symptoms
 * @property {string} note
 * @property {string} answer_to_reviewer what the contributor said to the last question
 * @property {string | null} submitted_at
 * @property {{verdict: string, reason: string | null, comment: string, at: string}[]} earlier_rounds
 * @property {{label: string | null, message: string, at: string}[]} reports of a wrong label
 * @property {string | null} standing_label in the dataset, until it is decided anew
 * @property {string | null} trouble why it could not be taken in after its approval
 * @property {boolean} disputed two readers differ
 * @property {boolean} prepared there is something to look at
 * @property {string | null} claimed_until somebody is at work on it until then
 * @property {boolean} claimed_by_me
 *
 * @typedef {object} Cine
 * @property {number[]} times_s when each frame begins
 * @property {number} width
 * @property {number} height
 * @property {Square} proposed_crop
 * @property {string} frame_url an address with `{n}` in it
 * @property {'preparing' | 'ready'} state
 *
 * @typedef {object} Filters of the queue; an empty string is no filter
 * @property {string} label
 * @property {string} source
 * @property {string} probe
 * @property {string} older_than_h
 * @property {boolean} disputed
 *
 * @typedef {object} Draft what a reviewer has set and typed so far
 * @property {string} label
 * @property {Findings} findings
 * @property {Square} square
 * @property {number | null} trimStart seconds; null: not trimmed
 * @property {number | null} trimEnd
 * @property {boolean} unmarked the tick: no identifying text or mark is visible
 * @property {string} comment
 *
 * @typedef {object} Stats how far reviewers agree, and how fast they are
 * @property {number | null} kappa Cohen's; null: too few recordings with two readers
 * @property {number} pairs of readings
 * @property {number | null} agreement share of the pairs with the same verdict and label
 * @property {ReviewerStats[]} per_reviewer
 * @property {{day: string, reviews: number}[]} per_day
 *
 * @typedef {object} ReviewerStats
 * @property {string} name
 * @property {number} reviews
 * @property {number | null} per_hour
 * @property {number | null} median_seconds
 *
 * @typedef {object} Given a verdict that was given
 * @property {string} id of the review
 * @property {Verdict} verdict
 * @property {string} contributionId
 * @property {string} outcome what follows from it
 * @property {Record<string, any> | null} modelAnswer
 * @property {Draft} draft as it was sent, for when the verdict is taken back
 */

export {};
