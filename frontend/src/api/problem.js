/** What went wrong, as the API's problem+json says it, and what a person can do next. */

export class Problem extends Error {
  /**
   * @param {object} facts
   * @param {string} facts.code
   * @param {string} facts.detail one sentence for people
   * @param {number} [facts.status] 0: no answer came
   * @param {number | null} [facts.retryAfter] seconds
   * @param {Record<string, string>} [facts.fields] what is wrong with each field, by its name
   */
  constructor({ code, detail, status = 0, retryAfter = null, fields = {} }) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }

  /** Whether the service asked to come back later, rather than refused. */
  get busy() {
    return this.status === 429 || this.status === 503;
  }

  /** Whether what was asked for does not exist, or not any more. */
  get gone() {
    return this.status === 404 || this.status === 410;
  }
}

const DEFAULT_WAIT_S = 5;

/**
 * The problem in an answer that is not a success.
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfterHeader seconds, or a date
 * @returns {Problem}
 */
export function problemFrom(status, body, retryAfterHeader) {
  const answer = parsed(body);
  const code = typeof answer.code === 'string' ? answer.code : `http_${status}`;
  const detail = answer.detail ?? answer.title ?? `The service answered with status ${status}.`;
  const waits = status === 429 || status === 503;
  const retryAfter = waits ? (seconds(retryAfterHeader) ?? waitOf(answer)) : null;
  return new Problem({
    code,
    detail: String(detail),
    status,
    retryAfter,
    fields: fieldsOf(answer),
  });
}

/** @returns {Problem} the problem of a request that got no answer */
export function noAnswer() {
  return new Problem({
    code: 'no_answer',
    detail: 'The connection to the service was lost.',
  });
}

/** @type {Record<string, string>} */
const NEXT = {
  no_answer: 'Check the network, then try again.',
  too_small: 'Export it with a larger picture.',
  crop_outside: 'Move the square into the picture.',
  storage_full: 'Tell the administrator of this service; the file was not stored.',
};

/** The problem's own sentence ends with what to do next: a second one would repeat or contradict it. */
const SAYS_WHAT_TO_DO = new Set([
  'empty_file',
  'unsupported_type',
  'unreadable_file',
  'truncated_file',
  'file_too_large',
  'too_many_pixels',
  'too_long',
  'too_many_frames',
  'no_frames',
  'worker_lost',
  'storage_unreachable',
]);

/** What a file is, it stays: sending the same one again gives the same answer. */
const OF_THE_FILE = new Set([
  'empty_file',
  'unsupported_type',
  'unreadable_file',
  'truncated_file',
  'file_too_large',
  'too_many_pixels',
  'too_small',
  'too_long',
  'too_many_frames',
  'no_frames',
  'trim_outside',
  'crop_outside',
]);

/**
 * Whether the same request may succeed when it is made again.
 * @param {{code: string, status?: number}} problem
 */
export const mayPass = ({ code, status = 0 }) =>
  !OF_THE_FILE.has(code) && (status < 400 || status >= 500 || PASSING.has(status));

/** Too slow, too many: of the moment, though they are the request's fault. */
const PASSING = new Set([401, 408, 409, 423, 425, 429]);

/**
 * Why something waits, without the time: the service's own sentence has the seconds of when it was
 * asked, which are no longer true a second later.
 * @param {Problem | null | undefined} problem
 * @returns {string}
 */
export function whyItWaits(problem) {
  if (!problem) return 'The service is busy.';
  return problem.detail.replace(/ Please try again in \d+ seconds\.$/, '');
}

/**
 * What to do next, in one sentence; '' where the problem's own sentence says it.
 * @param {Problem | {code: string, status?: number}} problem
 * @returns {string}
 */
export function advice(problem) {
  const known = NEXT[problem.code];
  if (known) return known;
  if (SAYS_WHAT_TO_DO.has(problem.code)) return '';
  if ((problem.status ?? 0) >= 500) return 'Try again in a moment.';
  return mayPass(problem) ? 'Try again, or choose another file.' : 'Choose another file.';
}

/** The seconds to wait that an answer names. @param {Record<string, unknown>} answer */
const waitOf = ({ retry_after_s: wait }) => (typeof wait === 'number' ? wait : DEFAULT_WAIT_S);

/**
 * @param {Record<string, unknown>} answer
 * @returns {Record<string, string>}
 */
function fieldsOf({ errors }) {
  if (!Array.isArray(errors)) return {};
  /** @type {[string, string][]} */
  const entries = errors.map(({ where, message }) => [String(where), String(message)]);
  const ours = entries.filter(([where]) => where.startsWith('body.'));
  return Object.fromEntries(ours.map(([where, message]) => [where.split('.')[1], message]));
}

/**
 * @param {string} body
 * @returns {Record<string, unknown>}
 */
function parsed(body) {
  try {
    const value = JSON.parse(body);
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {}; // a proxy's page rather than our problem+json: the status alone has to do
  }
}

/**
 * @param {string | null} header
 * @returns {number | null}
 */
function seconds(header) {
  if (!header) return null;
  const number = Number(header);
  if (Number.isFinite(number)) return Math.max(0, number);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}
