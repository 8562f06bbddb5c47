import { describe, expect, it } from 'vitest';
import { makeItem } from '../../src/screen/items.js';
import { screenTitle } from '../../src/screen/screenTitle.js';
import { makeReadyItem, makeResult, makeScreening } from '../make.js';

describe("the window's title", () => {
  it.each([
    ['uploading', { stage: 'uploading', sent: 43, bytes: 100 }, 'Uploading 43%'],
    ['ready', {}, 'Check the square'],
    ['failed', { stage: 'failed' }, 'Needs your attention'],
    ['gone', { stage: 'gone' }, 'Deleted'],
    [
      'running',
      {
        stage: 'screening',
        screening: makeScreening({
          status: 'running',
          progress: { done: 12, total: 30, seconds_left: 4, ahead: null },
        }),
      },
      'Screening 12/30',
    ],
    ['queued', { stage: 'screening', screening: makeScreening() }, 'Waiting in the queue'],
    [
      'done',
      { stage: 'done', screening: makeScreening({ status: 'done', result: makeResult() }) },
      'COVID-19 85%',
    ],
  ])('tells of one recording that is %s', (_, changes, state) => {
    const item = makeReadyItem(
      /** @type {Partial<import('../../src/screen/items.js').Item>} */ (changes),
    );
    expect(screenTitle([item], item)).toBe(`${state} · POCOVIDScreen`);
  });

  it('counts several recordings', () => {
    const done = makeReadyItem({ stage: 'done' });
    const waiting = makeItem({ name: 'b', stage: 'waiting' });
    expect(screenTitle([done, waiting], done)).toBe('Uploading, 1 of 2 there · POCOVIDScreen');
    expect(screenTitle([done, makeReadyItem()], done)).toBe('1 of 2 answered · POCOVIDScreen');
  });

  it('is the name alone on the empty page', () => {
    expect(screenTitle([], null)).toBe('POCOVIDScreen');
  });
});
