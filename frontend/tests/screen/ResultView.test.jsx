import { fireEvent, render, screen, within } from '@testing-library/preact';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ResultView } from '../../src/screen/ResultView.jsx';
import { makeReadyItem, makeResult, makeScreening, shares } from '../make.js';

const frames = [shares(0.7, 0.2), shares(0.95, 0.03), shares(0.3, 0.65), shares(0.8, 0.1)];

/** @param {Partial<import('../../src/api/screenings.js').Screening>} [changes] */
function show(changes) {
  const screening = makeScreening({
    status: 'done',
    frames_available: true,
    result: makeResult({ frames }),
    ...changes,
  });
  render(<ResultView item={makeReadyItem({ stage: 'done', screening })} />);
}

const strip = () => screen.getByRole('listbox', { name: 'Frame by frame' });
const chosen = () => within(strip()).getByRole('option', { selected: true });

afterEach(() => void vi.useRealTimers());

describe('the answer', () => {
  it('names the class and its probability first', () => {
    show();
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe(
      'Most probable classCOVID-19 85%',
    );
  });

  it('shows all three classes with their percentages, in their order', () => {
    show();
    const bars = screen.getByRole('list', { name: 'Probability of each class' });
    expect(
      within(bars)
        .getAllByRole('listitem')
        .map(({ textContent }) => textContent),
    ).toEqual(['COVID-1985%', 'Pneumonia10%', 'Healthy5%']);
  });

  it('colours by class and not by confidence', () => {
    show({ result: makeResult({ models: [shares(0.99, 0.005)] }) });
    const sure = screen.getByRole('heading', { level: 2 }).className;
    document.body.innerHTML = '';
    show({ result: makeResult({ models: [shares(0.4, 0.35)] }) });
    expect(screen.getByRole('heading', { level: 2 }).className).toBe(sure);
    expect(sure).toContain('class-covid19');
  });

  it('says in plain words how far the models agree', () => {
    show();
    expect(screen.getByText(/^5 of 5 models agree/)).toBeTruthy();
  });

  it('tells when most frames say something else', () => {
    show({ result: makeResult({ frames: [frames[1], frames[2], frames[2]] }) });
    expect(screen.getByText(/^Counted frame by frame, Pneumonia leads/)).toBeTruthy();
  });
});

describe('the frames', () => {
  it('begin with the one that speaks most clearly', () => {
    show();
    expect(chosen().getAttribute('aria-label')).toBe(
      'Frame 2 of 4, 0:00.3: COVID-19 95%, Pneumonia 3%, Healthy 2%',
    );
    expect(screen.getByAltText('Frame 2 of 4, as screened').getAttribute('src')).toBe(
      '/api/v1/screenings/scr-1/frames/1.jpg',
    );
  });

  it.each([
    ['ArrowRight', 'Frame 3'],
    ['ArrowLeft', 'Frame 1'],
    ['Home', 'Frame 1'],
    ['End', 'Frame 4'],
  ])('are chosen with %s', (key, name) => {
    show();
    fireEvent.keyDown(strip(), { key });
    expect(chosen().getAttribute('aria-label')).toContain(name);
    expect(strip().getAttribute('aria-activedescendant')).toBe(chosen().id);
  });

  it('are chosen with a click', () => {
    show();
    fireEvent.click(within(strip()).getAllByRole('option')[2]);
    expect(screen.getByAltText('Frame 3 of 4, as screened')).toBeTruthy();
  });

  it('play and stop', async () => {
    vi.useFakeTimers();
    show();
    fireEvent.click(screen.getByRole('button', { name: 'Play the frames' }));
    await vi.advanceTimersByTimeAsync(350);
    expect(chosen().getAttribute('aria-label')).toContain('Frame 3');
    fireEvent.keyDown(strip(), { key: ' ' });
    await vi.advanceTimersByTimeAsync(2000);
    expect(chosen().getAttribute('aria-label')).toContain('Frame 3');
  });

  it('of a still have no time line', () => {
    show({ result: makeResult({ frames: [shares(0.9, 0.05)] }) });
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(screen.getByAltText('The picture, as screened')).toBeTruthy();
  });

  it('keep their numbers when their pictures are deleted', () => {
    show({ frames_available: false });
    expect(screen.getByText(/images were deleted/)).toBeTruthy();
    expect(within(strip()).getAllByRole('option')).toHaveLength(4);
    expect(screen.queryByRole('img')).toBeNull();
  });
});

describe('taking the answer along', () => {
  it.each([
    ['Copy text', 'clip.mp4'],
    ['Copy JSON', '"model_version": "pocovidnet-1"'],
    ['Copy link', '/#/screenings/scr-1'],
  ])('%s', async (name, part) => {
    const writeText = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    show();
    fireEvent.click(screen.getByRole('button', { name }));
    expect(await screen.findByText(/copied\.$/)).toBeTruthy();
    expect(writeText.mock.lastCall?.[0]).toContain(part);
  });

  it('says so when the browser forbids it', async () => {
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('denied'));
    show();
    fireEvent.click(screen.getByRole('button', { name: 'Copy text' }));
    expect(await screen.findByText('The browser did not allow copying.')).toBeTruthy();
  });
});
