/** The window's title: what the page is doing, readable from another tab. */
import { PRODUCT, windowTitle } from '../shared/windowTitle.js';
import { outcome } from '../shared/outcome.js';

/** @typedef {import('./items.js').Item} Item */

/**
 * @param {readonly Item[]} items
 * @param {Item | null} selected
 */
export function screenTitle(items, selected) {
  if (!selected) return PRODUCT;
  const state = items.length > 1 ? together(items) : alone(selected);
  return windowTitle(state);
}

/** @param {readonly Item[]} items */
function together(items) {
  const done = items.filter(({ stage }) => stage === 'done').length;
  const sending = items.filter(({ stage }) => stage === 'uploading' || stage === 'waiting').length;
  if (sending > 0) return `Uploading, ${items.length - sending} of ${items.length} there`;
  return `${done} of ${items.length} answered`;
}

/** @param {Item} item */
function alone({ stage, sent, bytes, screening, adjusting }) {
  if (adjusting) return 'Adjust the square';
  switch (stage) {
    case 'uploading':
      return `Uploading ${bytes ? Math.floor((100 * sent) / bytes) : 0}%`;
    case 'ready':
      return 'Check the square';
    case 'screening':
      return screening?.status === 'running'
        ? `Screening ${screening.progress.done}/${screening.progress.total}`
        : 'Waiting in the queue';
    case 'done':
      return screening?.result ? outcome(screening.result) : 'Answered';
    case 'refused':
    case 'interrupted':
    case 'failed':
      return 'Needs your attention';
    case 'gone':
      return 'Deleted';
    default:
      return 'Loading';
  }
}
