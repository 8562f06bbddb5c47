import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { insertItems, items, select, selected } from '../../src/screen/items.js';
import { restoreRecordings } from '../../src/screen/savedRecordings.js';
import { Problem } from '../../src/api/problem.js';
import { readAddress } from '../../src/shared/address.js';
import { followScreening } from '../../src/screen/screeningAddress.js';
import { watchScreening } from '../../src/screen/watchScreening.js';
import { makeReadyItem, makeRecording, makeResult, makeScreening } from '../make.js';

vi.mock('../../src/api/screenings.js');
vi.mock('../../src/screen/watchScreening.js');

const gone = () => new Problem({ code: 'not_found', detail: 'No.', status: 404 });
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  vi.mocked(api.recording).mockImplementation(async (id) => makeRecording({ id }));
  vi.mocked(api.screening).mockImplementation(async (id) =>
    makeScreening({ id, status: 'running' }),
  );
  vi.mocked(watchScreening).mockReturnValue(() => {});
});

/** What is on the page is written down, the page is emptied, and read again. */
async function reload() {
  const written = sessionStorage.getItem('pocovid.recordings') ?? '';
  items.value = [];
  select(null);
  sessionStorage.setItem('pocovid.recordings', written);
  restoreRecordings();
  await settle();
}

describe('a reload', () => {
  it('brings back what runs, and follows it again', async () => {
    restoreRecordings();
    insertItems([
      makeReadyItem({ stage: 'screening', screeningId: 'scr-7', screening: makeScreening() }),
    ]);
    await reload();
    expect(items.value[0]).toMatchObject({ stage: 'screening', screeningId: 'scr-7' });
    expect(watchScreening).toHaveBeenCalledWith('scr-7', expect.anything());
  });

  it('brings back a square as it was set', async () => {
    restoreRecordings();
    insertItems([makeReadyItem({ square: { x: 1, y: 2, size: 300 } })]);
    await reload();
    expect(items.value[0]).toMatchObject({
      name: 'clip.mp4',
      stage: 'ready',
      square: { x: 1, y: 2, size: 300 },
    });
  });

  it('says which upload it interrupted', async () => {
    restoreRecordings();
    insertItems([
      makeReadyItem({ stage: 'uploading', recordingId: null, recording: null, square: null }),
    ]);
    await reload();
    expect(items.value[0]).toMatchObject({ name: 'clip.mp4', stage: 'interrupted' });
  });

  it('looks at the same recording', async () => {
    restoreRecordings();
    const [a, b] = [makeReadyItem({ name: 'a' }), makeReadyItem({ name: 'b' })];
    insertItems([a, b]);
    select(b.key);
    await reload();
    expect(selected.value?.name).toBe('b');
  });

  it('keeps an answer whose recording is gone', async () => {
    restoreRecordings();
    insertItems([makeReadyItem({ stage: 'screening', screeningId: 'scr-7' })]);
    vi.mocked(api.recording).mockRejectedValue(gone());
    vi.mocked(api.screening).mockResolvedValue(
      makeScreening({ status: 'done', result: makeResult() }),
    );
    await reload();
    expect(items.value[0]).toMatchObject({ stage: 'done', recording: null });
  });

  it('says what the service has deleted', async () => {
    restoreRecordings();
    insertItems([makeReadyItem()]);
    vi.mocked(api.recording).mockRejectedValue(gone());
    await reload();
    expect(items.value[0].stage).toBe('gone');
  });
});

describe('the address', () => {
  it('opens the screening that it names', async () => {
    history.replaceState(null, '', '#/screenings/scr-5');
    readAddress();
    followScreening();
    await settle();
    expect(selected.value).toMatchObject({
      screeningId: 'scr-5',
      stage: 'screening',
      uploadedHere: false,
    });
  });

  it('looks at a screening that is on the page already', async () => {
    const [a, b] = [makeReadyItem(), makeReadyItem({ screeningId: 'scr-6' })];
    insertItems([a, b]);
    history.replaceState(null, '', '#/screenings/scr-6');
    readAddress();
    followScreening();
    expect(items.value).toHaveLength(2);
    expect(selected.value?.key).toBe(b.key);
  });

  it('follows what is looked at', () => {
    const [a, b] = [makeReadyItem(), makeReadyItem({ screeningId: 'scr-8' })];
    insertItems([a, b]);
    followScreening();
    select(b.key);
    expect(location.hash).toBe('#/screenings/scr-8');
    select(a.key);
    expect(location.hash).toBe('#/');
  });

  it('stays as it is on another page', () => {
    const item = makeReadyItem({ screeningId: 'scr-9' });
    insertItems([item]);
    history.replaceState(null, '', '#/dataset');
    readAddress();
    followScreening();
    select(item.key);
    expect(location.hash).toBe('#/dataset');
  });
});
