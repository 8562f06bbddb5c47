/** The signs that a doctor names in a picture, and the maps that say where they are. */

/**
 * @typedef {import('../api/screenings.js').SignFinding} SignFinding
 * @typedef {import('../api/screenings.js').SignKey} SignKey
 */

/** In the order in which they are shown; `FINDINGS` has their names. @type {readonly SignKey[]} */
export const SIGNS = [
  'a_lines',
  'b_lines',
  'consolidation',
  'effusion',
  'pleural_irregularity',
  'air_bronchogram',
];

/** The map that shows a sign. @type {Readonly<Record<SignKey, string>>} */
export const MAP_OF_SIGN = {
  a_lines: 'a_lines',
  b_lines: 'b_lines',
  consolidation: 'consolidation',
  effusion: 'effusion',
  pleural_irregularity: 'pleura',
  air_bronchogram: 'consolidation', // seen inside one
};

// The bounds of the words in the sentence, which the service writes.
const SEEN = 0.6;
const PERHAPS = 0.4;
const PLAIN = 0.8;
const FEW_FRAMES = 2;

/**
 * A finding in a word or two.
 * @param {SignFinding} finding
 */
export function seen({ probability, highest, frames }) {
  if (probability >= SEEN) return 'Seen';
  if (probability >= PERHAPS) return 'Perhaps';
  return highest >= PLAIN && frames >= FEW_FRAMES ? 'In some frames' : 'Not seen';
}

/** How a sentence may write each sign. @type {readonly [RegExp, SignKey][]} */
const WORDS = [
  [/\bA-lines?\b/i, 'a_lines'],
  [/\bB-lines?\b/i, 'b_lines'],
  [/\b(?:air )?bronchograms?\b/i, 'air_bronchogram'],
  [/\bconsolidations?\b/i, 'consolidation'],
  [/\b(?:pleural )?effusions?\b/i, 'effusion'],
  [
    /\b(?:ir)?regular pleura\b|\bpleura(?:l)? (?:is )?(?:ir)?regular(?:ity)?\b/i,
    'pleural_irregularity',
  ],
];

/**
 * A sentence in pieces: those that name a sign, and what stands between them.
 * @param {string} sentence
 * @returns {{text: string, sign: SignKey | null, after: string}[]} `after`: what belongs to the end of the word
 */
export function inPieces(sentence) {
  const pieces = /** @type {ReturnType<typeof inPieces>} */ ([]);
  let rest = sentence;
  while (rest) {
    const next = WORDS.map(([word, sign]) => ({ match: word.exec(rest), sign }))
      .filter(({ match }) => match !== null)
      .sort((a, b) => Number(a.match?.index) - Number(b.match?.index))[0];
    if (!next?.match) break;
    const { index, 0: text } = next.match;
    if (index > 0) pieces.push({ text: rest.slice(0, index), sign: null, after: '' });
    rest = rest.slice(index + text.length);
    const after = /^[.,;]?/.exec(rest)?.[0] ?? '';
    pieces.push({ text, sign: next.sign, after });
    rest = rest.slice(after.length);
  }
  if (rest) pieces.push({ text: rest, sign: null, after: '' });
  return pieces;
}
