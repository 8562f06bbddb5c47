/** What the keys do while a recording is being read. */
import { LABELS, REASONS } from '../shared/terms.js';

/** @typedef {import('../shared/shortcuts.js').Shortcut} Shortcut */

/**
 * @param {object} hands
 * @param {import('./usePlayer.js').Player} hands.player
 * @param {import('./useLook.js').Look} hands.look
 * @param {boolean} hands.rejecting
 * @param {readonly number[]} hands.times
 * @param {import('../api/reviewShapes.js').Draft} hands.draft
 * @param {(changes: Partial<import('../api/reviewShapes.js').Draft>) => void} hands.change
 * @param {(verdict: import('../api/reviewShapes.js').Verdict, reason?: string) => void} hands.give
 * @param {(rejecting: boolean) => void} hands.reject
 * @param {() => void} hands.skip
 * @returns {Shortcut[]}
 */
export function readingKeys(hands) {
  const { rejecting, give, reject, skip, change, draft } = hands;
  const reasons = Object.keys(REASONS);
  if (rejecting) {
    return [
      ...reasons.map((reason, n) => ({
        key: String(n + 1),
        does: `Reject: ${REASONS[reason]}`,
        run: () => give('reject', reason),
      })),
      { key: 'Escape', keys: ['Esc'], does: 'Do not reject', run: () => reject(false) },
    ];
  }
  return [
    { key: 'a', does: 'Approve', run: () => give('approve') },
    { key: 'r', does: 'Reject, then a number for the reason', run: () => reject(true) },
    { key: 'c', does: 'Ask for changes', run: () => give('request_changes') },
    {
      key: 't',
      does: 'Tick: no identifying text or mark is visible',
      run: () => change({ unmarked: !draft.unmarked }),
    },
    ...Object.keys(LABELS).map((label, n) => ({
      key: String(n + 1),
      does: `Label: ${LABELS[label]}`,
      run: () => change({ label }),
    })),
    { key: 'f', does: 'Findings, then their numbers', run: () => focus('#findings input') },
    { key: 'm', does: 'Write a comment', run: () => focus('#md-comment') },
    { key: 's', does: 'Skip: give it back and take the next', run: skip },
    {
      key: 'Escape',
      keys: ['Esc'],
      does: 'Leave the square, the findings, the comment',
      run: blur,
    },
  ];
}

/**
 * @param {Parameters<typeof readingKeys>[0]} hands
 * @returns {Shortcut[]}
 */
export function playerKeys({ player, look, times, change }) {
  const { at } = player;
  return [
    {
      key: ' ',
      keys: ['Space'],
      does: 'Play and stop',
      run: player.playing ? player.stop : player.play,
    },
    { key: 'ArrowLeft', keys: ['←'], does: 'Previous frame', run: () => player.seek(at - 1) },
    { key: 'ArrowRight', keys: ['→'], does: 'Next frame', run: () => player.seek(at + 1) },
    { key: 'Home', does: 'First frame', keys: ['Home'], run: () => player.seek(0) },
    { key: 'End', does: 'Last frame', keys: ['End'], run: () => player.seek(times.length - 1) },
    { key: ',', does: 'Slower', run: () => player.change(-1) },
    { key: '.', does: 'Faster', run: () => player.change(1) },
    { key: 'l', does: 'Play in a loop, or once', run: player.toggleLoop },
    {
      key: 'i',
      does: 'Keep from this frame on',
      run: () => change({ trimStart: at === 0 ? null : times[at] }),
    },
    {
      key: 'o',
      does: 'Keep up to this frame',
      run: () => change({ trimEnd: times[at + 1] ?? null }),
    },
    { key: 'x', does: 'Keep the whole', run: () => change({ trimStart: null, trimEnd: null }) },
    { key: 'q', does: 'To the square', run: () => focus('.cine .square') },
    { keys: ['←', '→', '↑', '↓'], does: 'On the square: move it' },
    { keys: ['+', '−', 'R'], does: 'On the square: larger, smaller, as proposed' },
    { key: 'e', does: 'Enlarge the square', run: look.enlarge },
    { key: 'b', does: 'Brighter (the view only)', run: () => look.brighten(1) },
    { key: 'B', does: 'Darker', run: () => look.brighten(-1) },
  ];
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}

function blur() {
  /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
}
