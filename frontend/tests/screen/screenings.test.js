import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { announcement } from '../../src/shared/announcer.js';
import { insertItems, find, patch, wanted } from '../../src/screen/items.js';
import { Problem } from '../../src/api/problem.js';
import { follow, screen, screenAll, screenWanted } from '../../src/screen/screenings.js';
import { watchScreening } from '../../src/screen/watchScreening.js';
import { makeReadyItem, makeResult, makeScreening } from '../make.js';

vi.mock('../../src/api/screenings.js');
vi.mock('../../src/screen/watchScreening.js');

const done = makeScreening({ status: 'done', result: makeResult() });

beforeEach(() => {
  vi.mocked(api.screen).mockResolvedValue(makeScreening());
  vi.mocked(watchScreening).mockReturnValue(() => {});
});

describe('screening', () => {
  it('asks with the square that is on the screen', async () => {
    const item = makeReadyItem({ square: { x: 5, y: 6, size: 300 } });
    insertItems([item]);
    await screen(item.key);
    expect(api.screen).toHaveBeenCalledExactlyOnceWith(
      'rec-1',
      { x: 5, y: 6, size: 300 },
      'convex',
    );
    expect(find(item.key)).toMatchObject({ stage: 'screening', screeningId: 'scr-1' });
  });

  it('keeps the page up to date and tells the outcome', async () => {
    const item = makeReadyItem();
    insertItems([item]);
    await screen(item.key);
    const { onUpdate } = vi.mocked(watchScreening).mock.lastCall?.[1] ?? expect.unreachable();
    onUpdate(makeScreening({ status: 'running' }));
    expect(find(item.key)?.screening?.status).toBe('running');
    onUpdate(done);
    expect(find(item.key)).toMatchObject({ stage: 'done', screening: done });
    expect(announcement.value).toBe('clip.mp4: COVID-19 85%.');
  });

  it('goes back to the square with the reason when it is refused', async () => {
    const problem = new Problem({ code: 'crop_outside', detail: 'Outside.', status: 422 });
    vi.mocked(api.screen).mockRejectedValue(problem);
    const item = makeReadyItem();
    insertItems([item]);
    await screen(item.key);
    expect(find(item.key)).toMatchObject({ stage: 'ready', problem });
  });

  it('keeps the former answer when another try is refused', async () => {
    const problem = new Problem({ code: 'crop_outside', detail: 'Outside.', status: 422 });
    vi.mocked(api.screen).mockRejectedValue(problem);
    const item = makeReadyItem({ stage: 'done', adjusting: true, screening: done });
    insertItems([item]);
    await screen(item.key);
    expect(find(item.key)).toMatchObject({ stage: 'done', adjusting: true, screening: done });
  });

  it('says so when the recording was deleted meanwhile', async () => {
    vi.mocked(api.screen).mockRejectedValue(
      new Problem({ code: 'gone', detail: 'Gone.', status: 410 }),
    );
    const item = makeReadyItem();
    insertItems([item]);
    await screen(item.key);
    expect(find(item.key)?.stage).toBe('gone');
  });

  it('of all means those that are still arriving as well', async () => {
    const coming = makeReadyItem({ stage: 'uploading', recording: null, square: null });
    const here = makeReadyItem();
    insertItems([here, coming]);
    await screenAll();
    expect(find(here.key)?.stage).toBe('screening');
    expect(find(coming.key)).toMatchObject({ stage: 'uploading', wanted: true });
    patch(coming.key, { ...makeReadyItem(), key: coming.key, wanted: true });
    await screenWanted();
    expect(find(coming.key)?.stage).toBe('screening');
    expect(wanted.value).toEqual([]);
  });

  it('of all goes on after one that is refused', async () => {
    vi.mocked(api.screen).mockRejectedValueOnce(
      new Problem({ code: 'crop_outside', detail: 'Outside.', status: 422 }),
    );
    const [one, two] = [makeReadyItem(), makeReadyItem()];
    insertItems([one, two]);
    await screenAll();
    expect(find(one.key)).toMatchObject({ stage: 'ready', wanted: false });
    expect(find(two.key)?.stage).toBe('screening');
  });

  it('of all takes those that are ready, and no others', async () => {
    const [one, two] = [makeReadyItem(), makeReadyItem()];
    insertItems([one, makeReadyItem({ stage: 'done' }), two, makeReadyItem({ stage: 'refused' })]);
    await screenAll();
    expect(api.screen).toHaveBeenCalledTimes(2);
    expect([one, two].map(({ key }) => find(key)?.stage)).toEqual(['screening', 'screening']);
  });
});

describe('following', () => {
  it('does not listen to what is over', () => {
    const item = makeReadyItem();
    insertItems([item]);
    follow(item.key, done);
    expect(watchScreening).not.toHaveBeenCalled();
    expect(find(item.key)?.stage).toBe('done');
  });

  it('shows a failure with its sentence', () => {
    const item = makeReadyItem();
    insertItems([item]);
    const error = { code: 'no_frames', message: 'No frame could be read.' };
    follow(item.key, makeScreening({ status: 'failed', error }));
    expect(find(item.key)).toMatchObject({ stage: 'failed', screening: { error } });
  });

  it('notes when it is gone and when the network is', () => {
    const item = makeReadyItem();
    insertItems([item]);
    follow(item.key, makeScreening());
    const { onOffline, onGone } =
      vi.mocked(watchScreening).mock.lastCall?.[1] ?? expect.unreachable();
    onOffline(true);
    expect(find(item.key)?.offline).toBe(true);
    onGone();
    expect(find(item.key)?.stage).toBe('gone');
  });
});
