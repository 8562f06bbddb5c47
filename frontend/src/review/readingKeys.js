/** What the keys do while a recording is being processed. */
import { LABELS, LABEL_KEYS, REASONS, REASON_KEYS } from '../shared/terms.js';

/** @typedef {import('../shared/shortcuts.js').Shortcut} Shortcut */

/**
 * @param {object} controls
 * @param {import('./usePlayer.js').Player} controls.player
 * @param {import('./useViewSettings.js').ViewSettings} controls.view
 * @param {boolean} controls.rejecting
 * @param {readonly number[]} controls.times
 * @param {import('./drafts.js').Draft} controls.draft
 * @param {(changes: Partial<import('./drafts.js').Draft>) => void} controls.change
 * @param {(verdict: import('../api/reviews.js').Verdict, reason?: import('../api/reviews.js').Reason) => void} controls.give
 * @param {(rejecting: boolean) => void} controls.reject
 * @param {() => void} controls.skip
 * @returns {Shortcut[]}
 */
export function readingKeys(controls) {
  const { rejecting, give, reject, skip, change, draft } = controls;
  if (rejecting) {
    return [
      ...REASON_KEYS.map((reason, n) => ({
        key: String(n + 1),
        description: `Reject: ${REASONS[reason]}`,
        run: () => give('reject', reason),
      })),
      { key: 'Escape', keys: ['Esc'], description: 'Do not reject', run: () => reject(false) },
    ];
  }
  return [
    { key: 'a', description: 'Approve', run: () => give('approve') },
    { key: 'r', description: 'Reject, then a number for the reason', run: () => reject(true) },
    { key: 'c', description: 'Ask for changes', run: () => give('request_changes') },
    {
      key: 't',
      description: 'Tick: no identifying text or mark is visible',
      run: () => change({ unmarked: !draft.unmarked }),
    },
    ...LABEL_KEYS.map((label, n) => ({
      key: String(n + 1),
      description: `Label: ${LABELS[label]}`,
      run: () => change({ label }),
    })),
    { key: 'f', description: 'Findings, then their numbers', run: () => focus('#findings input') },
    { key: 'm', description: 'Write a comment', run: () => focus('#md-comment') },
    { key: 's', description: 'Skip: release it and take the next', run: skip },
    {
      key: 'Escape',
      keys: ['Esc'],
      description: 'Leave the square, the findings, the comment',
      run: blur,
    },
  ];
}

/**
 * @param {Parameters<typeof readingKeys>[0]} controls
 * @param {boolean} decided whether the verdict is given, and nothing can be trimmed any more
 * @returns {Shortcut[]}
 */
export function playerKeys({ player, view, times, change }, decided) {
  const { at } = player;
  const trimKeys = [
    {
      key: 'i',
      description: 'Keep from this frame on',
      run: () => change({ trimStart: at === 0 ? null : times[at] }),
    },
    {
      key: 'o',
      description: 'Keep up to this frame',
      run: () => change({ trimEnd: times[at + 1] ?? null }),
    },
    {
      key: 'x',
      description: 'Keep the whole recording',
      run: () => change({ trimStart: null, trimEnd: null }),
    },
  ];
  return [
    {
      key: ' ',
      keys: ['Space'],
      description: 'Play and stop',
      run: player.playing ? player.stop : player.play,
    },
    {
      key: 'ArrowLeft',
      keys: ['←'],
      description: 'Previous frame',
      run: () => player.seek(at - 1),
    },
    { key: 'ArrowRight', keys: ['→'], description: 'Next frame', run: () => player.seek(at + 1) },
    { key: 'Home', description: 'First frame', keys: ['Home'], run: () => player.seek(0) },
    {
      key: 'End',
      description: 'Last frame',
      keys: ['End'],
      run: () => player.seek(times.length - 1),
    },
    { key: ',', description: 'Slower', run: () => player.change(-1) },
    { key: '.', description: 'Faster', run: () => player.change(1) },
    { key: 'l', description: 'Play in a loop, or once', run: player.toggleLoop },
    ...(decided ? [] : trimKeys),
    { key: 'q', description: 'To the square', run: () => focus('.cine .square') },
    { keys: ['←', '→', '↑', '↓'], description: 'On the square: move it' },
    { keys: ['+', '−', 'R'], description: 'On the square: larger, smaller, as proposed' },
    { key: 'e', description: 'Enlarge the square', run: view.enlarge },
    { key: 'b', description: 'Brighter (the view only)', run: () => view.brighten(1) },
    { key: 'B', description: 'Darker', run: () => view.brighten(-1) },
  ];
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}

function blur() {
  /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
}
