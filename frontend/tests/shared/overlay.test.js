import { beforeEach, describe, expect, it, vi } from 'vitest';
import { makeRefusedResult, makeResult, makeScreening, makeSignedResult } from '../make.js';

/** The module as a page that has just been opened has it. */
async function open() {
  vi.resetModules();
  return import('../../src/shared/overlay.js');
}

beforeEach(() => localStorage.clear());

describe('the choice of what lies over the picture', () => {
  it('is remembered', async () => {
    const first = await open();
    expect(first.overlay.value.on).toBe(false);
    first.showAlone('effusion');
    first.setOverlay({ opacity: 0.4 });
    expect((await open()).overlay.value).toEqual({ on: true, chosen: ['effusion'], opacity: 0.4 });
  });

  it.each(['no json', '{"chosen": 3, "opacity": 7}', 'null'])('survives %s', async (kept) => {
    localStorage.setItem('pocovid.overlay', kept);
    expect((await open()).overlay.value).toMatchObject({ on: false, opacity: 0.7 });
  });

  it('lasts as long as the page where nothing can be kept', async () => {
    const { overlay, toggleOverlay } = await open();
    const setItem = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new Error('denied');
    });
    toggleOverlay();
    setItem.mockRestore();
    expect(overlay.value.on).toBe(true);
  });

  it('never mixes Grad-CAM with signs', async () => {
    const { CAM, overlay, toggleLayer } = await open();
    toggleLayer('effusion');
    expect(overlay.value.chosen).toEqual(['pleura', 'b_lines', 'effusion']);
    toggleLayer(CAM);
    expect(overlay.value.chosen).toEqual([CAM]);
    toggleLayer('shadow');
    expect(overlay.value.chosen).toEqual(['shadow']);
  });

  it('goes round with the keys', async () => {
    const { overlay, SIGN_LAYERS, stepLayer } = await open();
    stepLayer(SIGN_LAYERS, 1);
    expect(overlay.value).toMatchObject({ on: true, chosen: ['pleura'] });
    stepLayer(SIGN_LAYERS, -1);
    expect(overlay.value.chosen).toEqual(['shadow']);
    stepLayer(SIGN_LAYERS, 1);
    expect(overlay.value.chosen).toEqual(['pleura']);
  });
});

describe('what can lie over a frame', () => {
  it('depends on what gave the answer, and on whether there is one', async () => {
    const { layersOf } = await open();
    const count = (/** @type {Partial<import('../make.js').Screening>} */ changes) =>
      layersOf(makeScreening({ status: 'done', ...changes })).length;
    expect(count({ result: makeSignedResult() })).toBe(8);
    expect(count({ result: { ...makeSignedResult(), parts: ['signs'] } })).toBe(7);
    expect(count({ result: makeSignedResult(), frames_available: false })).toBe(0);
    expect(count({ result: makeResult() })).toBe(0);
    expect(count({ result: makeRefusedResult() })).toBe(0);
  });
});
