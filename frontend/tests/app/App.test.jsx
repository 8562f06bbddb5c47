import { fireEvent, render, screen, within } from '@testing-library/preact';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { insertItems, find, select, selected } from '../../src/screen/items.js';
import { App } from '../../src/app/App.jsx';
import { Problem } from '../../src/api/problem.js';
import { limits, reachable } from '../../src/shared/service.js';
import { SHORTCUTS } from '../../src/screen/screenKeys.js';
import { onKey, setEnabled } from '../../src/shared/shortcuts.js';
import { makeReadyItem, makeResult, makeScreening } from '../make.js';

vi.mock('../../src/api/screenings.js');

/** @param {...Partial<import('../../src/screen/items.js').Item>} changes */
function show(...changes) {
  const made = changes.map((each) => makeReadyItem(each));
  insertItems(made);
  if (made[0]) select(made[0].key);
  render(<App />);
  return made;
}

beforeEach(() => {
  reachable.value = true;
  limits.value = {
    max_bytes: 200_000_000,
    max_seconds: 600,
    max_pixels: 50_000_000,
    max_video_pixels: 9_000_000,
    max_frames: 40_000,
    min_side: 32,
    types: ['image/jpeg', 'video/mp4', 'video/x-msvideo'],
    retention_hours: 24,
    uploads_per_minute: 30,
    open_screening: true,
    open_sign_up: true,
  };
});

describe('the empty page', () => {
  it('tells steps, types, limits and when uploads are deleted', () => {
    show();
    expect(within(screen.getByRole('main')).getAllByRole('listitem')).toHaveLength(3);
    expect(screen.getByText('JPEG, MP4 and AVI')).toBeTruthy();
    expect(screen.getByText(/200 MB a file, videos of 10 min/)).toBeTruthy();
    expect(screen.getByText(/deleted after 24 hours/)).toBeTruthy();
  });
});

it.each([
  ['nothing', []],
  ['a recording', [{}]],
  ['an answer', [{ stage: 'done', screening: makeScreening({ result: makeResult() }) }]],
])('the disclaimer is in sight with %s', (_, changes) => {
  show(.../** @type {Partial<import('../../src/screen/items.js').Item>[]} */ (changes));
  expect(
    within(screen.getAllByRole('banner')[0]).getByText('Research use only, not a diagnosis'),
  ).toBeTruthy();
});

it('says when the service is not responding', () => {
  reachable.value = false;
  show();
  expect(screen.getByRole('alert').textContent).toContain('is not responding');
});

describe('one recording', () => {
  it('has one thing to do: screen', () => {
    show({});
    expect(screen.getByRole('button', { name: 'Screen' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Screen all/ })).toBeNull();
    expect(screen.queryByRole('navigation', { name: 'Recordings' })).toBeNull();
  });

  it('shows its upload in bytes and time left', () => {
    show({
      stage: 'uploading',
      sent: 1_500_000,
      bytes: 3_000_000,
      secondsLeft: 12,
      recording: null,
    });
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('50');
    expect(screen.getByText('1.5 MB of 3.0 MB')).toBeTruthy();
    expect(screen.getByText('about 12 seconds left')).toBeTruthy();
  });

  it('shows a refusal with what to do next', () => {
    const problem = new Problem({ code: 'too_small', detail: 'It measures 9×9.', status: 422 });
    show({ stage: 'refused', problem, recording: null });
    expect(screen.getByText(/It measures 9×9/).textContent).toContain('a larger picture');
  });

  it('counts down while the service is busy', () => {
    show({ stage: 'uploading', resumesAt: Date.now() + 11_500, recording: null });
    expect(screen.getByText(/continues automatically in 12 seconds/)).toBeTruthy();
  });

  it('shows its place in line', () => {
    const progress = { done: 0, total: 28, seconds_left: 40, ahead: 2 };
    show({ stage: 'screening', screening: makeScreening({ progress }) });
    expect(screen.getByText('2 recordings ahead of this one')).toBeTruthy();
    expect(screen.getByText('about 40 seconds left')).toBeTruthy();
  });

  it('shows the frames as they are done', () => {
    const progress = { done: 7, total: 28, seconds_left: 9, ahead: null };
    show({ stage: 'screening', screening: makeScreening({ status: 'running', progress }) });
    const bar = screen.getByRole('progressbar', { name: 'Screening' });
    expect(bar.getAttribute('aria-valuenow')).toBe('25');
    expect(bar.getAttribute('aria-valuetext')).toBe('7 of 28 frames');
  });

  it('that could not be screened says why and can be tried again', () => {
    vi.mocked(api.screen).mockReturnValue(new Promise(() => {}));
    const error = { code: 'worker_lost', message: 'The worker was lost three times.' };
    const [item] = show({ stage: 'failed', screening: makeScreening({ status: 'failed', error }) });
    expect(screen.getByText(/worker was lost three times/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Screen again' }));
    expect(find(item.key)?.stage).toBe('starting');
  });

  it('whose upload a reload cut off asks for its file again', () => {
    show({ stage: 'interrupted', recording: null });
    expect(screen.getByText('Choose the file again.')).toBeTruthy();
  });

  it('that can never be screened is not offered to be screened again', () => {
    const error = { code: 'no_frames', message: 'No picture could be decoded.' };
    show({ stage: 'failed', screening: makeScreening({ status: 'failed', error }) });
    expect(screen.queryByRole('button', { name: 'Screen again' })).toBeNull();
    expect(screen.getByText(/No picture could be decoded/).textContent).toMatch(/decoded\.\s*$/);
  });

  it('that waits for the rate limit says until when, in the list as well', () => {
    const until = Date.now() + 20_000;
    show({ stage: 'uploading', resumesAt: until, recording: null, wanted: true }, { wanted: true });
    const list = within(screen.getByRole('navigation', { name: 'Recordings' }));
    expect(list.getByText(`Waits until ${new Date(until).toLocaleTimeString()}`)).toBeTruthy();
    expect(list.getByText(/continues automatically in 20 seconds/)).toBeTruthy();
    expect(list.getByText(/2 more recordings will be screened/)).toBeTruthy();
    expect(list.queryByRole('button', { name: /^Screen all/ })).toBeNull();
  });

  it('that is gone says so kindly', () => {
    show({ stage: 'gone', recording: null });
    expect(screen.getByRole('heading', { name: 'This recording does not exist' })).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Choose files' })).toBeTruthy();
  });

  it('can be adjusted after its answer, and the answer stays until there is another', () => {
    const screening = makeScreening({ status: 'done', result: makeResult() });
    const [item] = show({ stage: 'done', screening });
    fireEvent.click(screen.getByRole('button', { name: /^Adjust the square/ }));
    fireEvent.keyDown(screen.getByRole('slider'), { key: 'ArrowLeft' });
    expect(find(item.key)?.square?.x).toBe(105);
    fireEvent.click(screen.getByRole('button', { name: 'Back to the result' }));
    expect(find(item.key)?.square?.x).toBe(110);
    expect(screen.getByText(/5 of 5 models agree/)).toBeTruthy();
  });

  it('is off the page when deleted, and back with undo', () => {
    show({});
    fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toContain('Screen a lung');
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('clip.mp4');
  });
});

describe('several recordings', () => {
  it('stand in a list with where each of them is', () => {
    const result = makeResult();
    show(
      { name: 'a.mp4' },
      { name: 'b.mp4', stage: 'done', screening: makeScreening({ status: 'done', result }) },
      { name: 'c.mp4', stage: 'uploading', sent: 30, bytes: 100, recording: null },
    );
    const list = screen.getByRole('navigation', { name: 'Recordings' });
    expect(
      within(list)
        .getAllByRole('listitem')
        .map(({ textContent }) => textContent?.trim()),
    ).toEqual(['a.mp4Ready to screen', 'b.mp4 COVID-19 85%', 'c.mp4Uploading, 30%']);
  });

  it('can be looked at one by one', () => {
    show({ name: 'a.mp4' }, { name: 'b.mp4' });
    fireEvent.click(screen.getByRole('button', { name: /^b\.mp4/ }));
    expect(selected.value?.name).toBe('b.mp4');
  });

  it('can be screened together', () => {
    show({}, {}, { stage: 'done' });
    expect(screen.getAllByRole('button', { name: 'Screen all (2)' }).length).toBeGreaterThan(0);
  });
});

describe('shortcuts', () => {
  /** @param {string} key @param {EventTarget} [target] */
  function press(key, target = document.body) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    target.addEventListener('keydown', (each) => onKey(/** @type {KeyboardEvent} */ (each)), {
      once: true,
    });
    target.dispatchEvent(event);
  }

  beforeEach(() => setEnabled(true));

  it('step through the recordings', () => {
    show({ name: 'a' }, { name: 'b' });
    press('j');
    expect(selected.value?.name).toBe('b');
    press('j');
    expect(selected.value?.name).toBe('b');
    press('k');
    expect(selected.value?.name).toBe('a');
  });

  it('do nothing while somebody types', () => {
    show({ name: 'a' }, { name: 'b' });
    press('j', screen.getAllByLabelText('Left')[0]);
    expect(selected.value?.name).toBe('a');
  });

  it('can be switched off', () => {
    show({ name: 'a' }, { name: 'b' });
    setEnabled(false);
    press('j');
    expect(selected.value?.name).toBe('a');
  });

  it('are listed in the help', async () => {
    show();
    press('?');
    const help = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' });
    for (const { description } of SHORTCUTS)
      expect(within(help).getByText(description)).toBeTruthy();
  });
});
