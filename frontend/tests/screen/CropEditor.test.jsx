import { fireEvent, render, screen } from '@testing-library/preact';
import { useState } from 'preact/hooks';
import { beforeEach, describe, expect, it } from 'vitest';
import { CropEditor } from '../../src/screen/CropEditor.jsx';
import { SquareFields } from '../../src/screen/SquareFields.jsx';
import { makeRecording } from '../make.js';

const recording = makeRecording(); // 640 × 480, shown half as large
const proposed = recording.proposed_crop;
let square = proposed;

function Editor() {
  const [value, setValue] = useState(proposed);
  square = value;
  return (
    <>
      <CropEditor recording={recording} square={value} onChange={setValue} />
      <SquareFields square={value} picture={recording} onChange={setValue} />
    </>
  );
}

/** @returns {HTMLElement} */
const handle = () => screen.getByRole('slider', { name: 'Square to be screened' });

/** @param {string} key @param {boolean} [shiftKey] */
const press = (key, shiftKey = false) => fireEvent.keyDown(handle(), { key, shiftKey });

beforeEach(() => {
  render(<Editor />);
  const stage = /** @type {HTMLElement} */ (handle().parentElement);
  stage.getBoundingClientRect = () => new DOMRect(0, 0, 320, 240);
});

describe('the keyboard', () => {
  it.each([
    ['ArrowLeft', false, { x: 105, y: 20, size: 420 }],
    ['ArrowDown', false, { x: 110, y: 25, size: 420 }],
    ['+', false, { x: 105, y: 15, size: 430 }],
    ['-', false, { x: 115, y: 25, size: 410 }],
    ['ArrowRight', true, { x: 105, y: 15, size: 430 }],
    ['ArrowLeft', true, { x: 115, y: 25, size: 410 }],
  ])('%s (shift: %s) makes it %o', (key, shift, expected) => {
    press(key, shift);
    expect(square).toEqual(expected);
  });

  it('resets to the proposal with R', () => {
    press('ArrowLeft');
    press('-');
    press('r');
    expect(square).toEqual(proposed);
  });

  it('leaves other keys to the page', () => {
    expect(press('s')).toBe(true);
    expect(press('ArrowUp')).toBe(false);
  });

  it('is answered in words', () => {
    press('ArrowLeft');
    expect(handle().getAttribute('aria-valuetext')).toBe(
      '420 pixels wide, 105 from the left, 20 from the top, of 640 by 480',
    );
  });
});

/**
 * @param {Element} target
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
function drag(target, from, to) {
  const at = (/** @type {[number, number]} */ [clientX, clientY]) => ({
    pointerId: 1,
    button: 0,
    clientX,
    clientY,
    bubbles: true,
  });
  target.dispatchEvent(new PointerEvent('pointerdown', at(from)));
  handle().dispatchEvent(new PointerEvent('pointermove', at(to)));
  handle().dispatchEvent(new PointerEvent('pointerup', at(to)));
}

describe('a pointer', () => {
  it('moves it, at the scale of the picture on the screen', async () => {
    drag(handle(), [100, 100], [120, 105]);
    await Promise.resolve();
    expect(square).toEqual({ x: 150, y: 30, size: 420 });
  });

  it('pulls a corner', async () => {
    const corner = handle().querySelector('[data-corner=nw]') ?? expect.unreachable();
    drag(corner, [55, 10], [75, 30]);
    await Promise.resolve();
    expect(square).toEqual({ x: 150, y: 60, size: 380 });
  });

  it('does nothing once it is up', async () => {
    drag(handle(), [100, 100], [100, 100]);
    handle().dispatchEvent(new PointerEvent('pointermove', { pointerId: 1, clientX: 300 }));
    await Promise.resolve();
    expect(square).toEqual(proposed);
  });
});

describe('exact numbers', () => {
  it('set the square, and are put right where they do not fit', () => {
    const left = /** @type {HTMLInputElement} */ (screen.getByLabelText('Left'));
    fireEvent.change(left, { target: { value: '50' } });
    expect(square).toEqual({ x: 50, y: 20, size: 420 });
    fireEvent.change(left, { target: { value: '9999' } });
    expect(square.x).toBe(220);
    expect(left.value).toBe('220');
  });
});
