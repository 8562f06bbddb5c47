/**
 * The shapes of contributing: what the service sends, and what the page keeps about files.
 *
 * @typedef {'draft' | 'pending' | 'changes_requested' | 'approved' | 'rejected' | 'withdrawn'} State
 *
 * @typedef {object} Fields what is said about a recording, or about all of a submission
 * @property {string | null} label
 * @property {string | null} probe
 * @property {string | null} licence
 * @property {string} source
 * @property {boolean} has_patient of the pseudonym only a hash is kept
 * @property {string | null} age_band
 * @property {string | null} sex
 * @property {string | null} blue_point
 * @property {Record<string, boolean>} findings true: seen, false: not seen; left out: not said
 * @property {string[]} symptoms
 * @property {string} note
 *
 * @typedef {object} FieldsIn what is to change; null empties a field
 * @property {string | null} [label]
 * @property {string | null} [probe]
 * @property {string | null} [licence]
 * @property {string | null} [source]
 * @property {string | null} [patient]
 * @property {string | null} [age_band]
 * @property {string | null} [sex]
 * @property {string | null} [blue_point]
 * @property {Record<string, boolean> | null} [findings]
 * @property {string[] | null} [symptoms]
 * @property {string | null} [note]
 *
 * @typedef {object} Submission
 * @property {string} id
 * @property {string} title
 * @property {'draft' | 'submitted'} state
 * @property {Fields} defaults
 * @property {number} contributions
 * @property {Partial<Record<State, number>>} states how many contributions are in each
 * @property {Partial<Record<FileState, number>>} files how many files are in each
 * @property {string} created_at
 * @property {string | null} consent_at
 * @property {string | null} submitted_at
 *
 * @typedef {object} Words what a reviewer said
 * @property {'approve' | 'reject' | 'request_changes'} verdict
 * @property {string | null} reason
 * @property {string} comment
 * @property {string} at
 *
 * @typedef {object} Own what a contribution is besides its fields
 * @property {string} id
 * @property {State} state
 * @property {string} file_name
 * @property {'image' | 'video'} kind
 * @property {string} format
 * @property {number} width
 * @property {number} height
 * @property {number | null} duration_s
 * @property {number} sampled_frames
 * @property {number} bytes
 * @property {string | null} preview_url
 * @property {string[]} fields_from names of the fields that come from the defaults
 * @property {Words[]} reviewer_words
 * @property {string | null} [final_label] the class that the reviewers decided on, once approved
 * @property {string} answer
 * @property {string | null} submitted_at
 * @property {string | null} decided_at
 *
 * @typedef {Own & Fields} Contribution
 *
 * @typedef {'receiving' | 'queued' | 'running' | 'done' | 'failed'} FileState
 *
 * @typedef {object} SentFile a file as the service has it
 * @property {string} id
 * @property {string} file_name
 * @property {number} bytes
 * @property {number} received
 * @property {FileState} state
 * @property {'recording' | 'archive' | 'manifest' | null} kind
 * @property {number} done entries of an archive
 * @property {number} total
 * @property {{code: string, message: string} | null} error
 * @property {Row[]} report of a manifest; of an archive, what was skipped
 * @property {string | null} parent_id the archive that it is an entry of
 *
 * @typedef {object} Row of a manifest
 * @property {string} [table] its name
 * @property {number} line
 * @property {string} file_name
 * @property {'used' | 'loose' | 'waiting' | 'doubt' | 'partly' | 'refused' | null} [status]
 * @property {string | null} problem
 * @property {string | null} [note] what to know of it, where it does count
 *
 * @typedef {object} Duplicate
 * @property {string} contribution_id
 * @property {'batch' | 'dataset' | 'queue'} of
 * @property {string | null} other_id
 * @property {'exact' | 'near'} kind
 *
 * @typedef {object} Check
 * @property {boolean} ready
 * @property {number} waiting files that are still on their way
 * @property {{contribution_id: string | null, field: string, message: string}[]} problems
 * @property {Duplicate[]} duplicates
 * @property {Row[]} manifest rows that found no file, or of which it is in doubt
 * @property {Row[]} [loose] rows that were taken for a file of a similar name
 *
 * @typedef {{key: string, name: string}} Word
 *
 * @typedef {object} Vocabulary
 * @property {Word[]} labels
 * @property {Word[]} probes
 * @property {Word[]} licences
 * @property {Word[]} age_bands
 * @property {Word[]} sexes
 * @property {Word[]} blue_points
 * @property {Word[]} findings
 * @property {Word[]} symptoms
 * @property {Word[]} reasons
 * @property {Word[]} states
 * @property {string[]} required
 * @property {{name: string, also: string[], about: string}[]} manifest_columns
 * @property {{files: number, file_bytes: number, archive_bytes: number}} limits
 * @property {string} consent
 *
 * @typedef {'waiting' | 'sending' | 'paused' | 'arrived' | 'refused'} Stage
 *   `paused`: it goes on by itself, at `resumesAt` or when somebody is signed in again
 *
 * @typedef {object} Sending a file of this computer on its way
 * @property {string} key
 * @property {string} submissionId
 * @property {string} path with its folders
 * @property {number} bytes
 * @property {number} sent
 * @property {Stage} stage
 * @property {import('./problem.js').Problem | null} problem
 */

export {};
