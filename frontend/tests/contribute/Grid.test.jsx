import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/submissions.js';
import { close, hidden, open, recordings } from '../../src/contribute/draftStore.js';
import { removals } from '../../src/contribute/removals.js';
import { vocabulary } from '../../src/contribute/vocabulary.js';
import { Grid } from '../../src/contribute/Grid.jsx';
import { WORDS, makeContribution, makeSubmission } from './make.js';

vi.mock('../../src/api/submissions.js');
vi.mock('../../src/api/tus.js');

function Shown() {
  return <Grid recordings={recordings.value} words={WORDS} />;
}

/** @param {...Partial<import('../../src/api/submissions.js').Contribution>} changes */
async function show(...changes) {
  vi.mocked(api.submission).mockResolvedValue(makeSubmission());
  vi.mocked(api.contributions).mockResolvedValue(
    changes.map((each, n) =>
      makeContribution({ id: `c${n}`, file_name: `${'abcdefgh'[n]}.mp4`, ...each }),
    ),
  );
  vi.mocked(api.files).mockResolvedValue([]);
  await open('sub-1');
  close();
  await open('sub-1');
  render(<Shown />);
}

/** @param {number} row @param {number} column */
const cell = (row, column) => {
  const found = document.querySelector(`[data-at="${row}:${column}"]`);
  return /** @type {HTMLElement} */ (found ?? expect.unreachable());
};
/** @param {string} keys */
const type = (keys) => userEvent.keyboard(keys);
const focused = () => document.activeElement?.getAttribute('data-at');
/** @param {number} n @returns the ids and fields of a change that was sent */
const sent = (n = -1) => vi.mocked(api.changeContributions).mock.calls.at(n)?.slice(1);

const CLASS = 1;
const SOURCE = 4;
const PATIENT = 5;
const FINDINGS = 9;
const NOTE = 11;

beforeEach(() => {
  vocabulary.value = WORDS;
  removals.value = [];
  hidden.value = new Set();
});

describe('the table', () => {
  it('is one stop for Tab, and arrows lead from cell to cell', async () => {
    await show({}, {}, {});
    await userEvent.tab();
    expect(focused()).toBe('0:1');
    await type('{ArrowDown}{ArrowRight}');
    await waitFor(() => expect(focused()).toBe('1:2'));
    await type('{Control>}{End}{/Control}');
    await waitFor(() => expect(focused()).toBe('2:11'));
    expect(document.querySelectorAll('[tabindex="0"][data-at]')).toHaveLength(1);
    await userEvent.tab();
    expect(focused()).toBeFalsy();
  });

  it('says what is missing, and what was set for all', async () => {
    await show({ probe: 'convex', fields_from: ['probe'] });
    expect(cell(0, CLASS).textContent).toBe('Missing');
    expect(cell(0, 2).textContent).toBe('Convex (default)');
    expect(cell(0, 7).textContent).toBe('');
  });

  it('says which values the header of the file proposed', async () => {
    await show({ probe: 'linear', fields_from_file: ['probe'] });
    expect(cell(0, 2).textContent).toBe('Linear (from the file)');
  });

  it('is accessible', async () => {
    await show({ label: 'covid19' }, {});
    await userEvent.click(cell(0, CLASS));
    const { violations } = await axe.run(document.body, {
      resultTypes: ['violations'],
      rules: { region: { enabled: false } },
    });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
  });
});

describe('a cell', () => {
  it('is edited with Enter, and Enter keeps it and goes down', async () => {
    await show({}, {});
    await userEvent.click(cell(0, SOURCE));
    await type('{Enter}Ward 3{Enter}');
    expect(sent()).toEqual([['c0'], { source: 'Ward 3' }]);
    expect(cell(0, SOURCE).textContent).toBe('Ward 3');
    await waitFor(() => expect(focused()).toBe(`1:${SOURCE}`));
  });

  it('is edited by typing, and Tab keeps it and goes right', async () => {
    await show({ source: 'old' });
    await userEvent.click(cell(0, SOURCE));
    await type('new{Tab}');
    expect(sent()).toEqual([['c0'], { source: 'new' }]);
    await waitFor(() => expect(focused()).toBe(`0:${PATIENT}`));
  });

  it('is as it was where nobody touched it, whatever a control makes of it', async () => {
    await show({ source: '  患者  two\u2028 ', note: 'one\ntwo\r\n' });
    for (const column of [SOURCE, NOTE]) {
      await userEvent.click(cell(0, column));
      await type('{Enter}');
      expect(cell(0, column).querySelector('input, textarea')).toBeTruthy();
      await type('{Enter}');
    }
    expect(api.changeContributions).not.toHaveBeenCalled();
    await userEvent.click(cell(0, SOURCE));
    await type('x y {Enter}');
    expect(sent()).toEqual([['c0'], { source: 'x y ' }]);
  });

  it('is as it was after Esc', async () => {
    await show({ source: 'old' });
    await userEvent.click(cell(0, SOURCE));
    await type('{F2}nothing of it{Escape}');
    expect(api.changeContributions).not.toHaveBeenCalled();
    expect(cell(0, SOURCE).textContent).toBe('old');
    await waitFor(() => expect(focused()).toBe(`0:${SOURCE}`));
  });

  it('keeps what was typed when it is left', async () => {
    await show({}, {});
    await userEvent.click(cell(0, SOURCE));
    await type('Ward 3');
    await userEvent.click(cell(1, CLASS));
    expect(sent()).toEqual([['c0'], { source: 'Ward 3' }]);
  });

  it('takes the next word that begins with a letter', async () => {
    await show({});
    await userEvent.click(cell(0, CLASS));
    await type('h');
    expect(sent()).toEqual([['c0'], { label: 'healthy' }]);
    expect(cell(0, CLASS).textContent).toBe('Healthy');
  });

  it('offers the words of a list', async () => {
    await show({});
    await userEvent.dblClick(cell(0, CLASS));
    const list = screen.getByRole('combobox', { name: 'Class of a.mp4' });
    expect(
      within(list)
        .getAllByRole('option')
        .map(({ textContent }) => textContent),
    ).toEqual(['Not set', 'COVID-19', 'Pneumonia', 'Healthy', 'Other']);
    await userEvent.selectOptions(list, 'covid19');
    await type('{Enter}');
    expect(sent()).toEqual([['c0'], { label: 'covid19' }]);
  });

  it('is emptied with Delete, so that what was set for all counts again', async () => {
    await show({ label: 'covid19' });
    await userEvent.click(cell(0, CLASS));
    await type('{Delete}');
    expect(sent()).toEqual([['c0'], { label: null }]);
  });

  it('never shows a pseudonym again', async () => {
    await show({});
    await userEvent.click(cell(0, PATIENT));
    await type('P17{Enter}');
    expect(sent()).toEqual([['c0'], { patient: 'P17' }]);
    expect(cell(0, PATIENT).textContent).toBe('Set');
    expect(document.body.textContent).not.toContain('P17');
  });

  it('with findings opens them, and Esc leaves them', async () => {
    await show({});
    await userEvent.click(cell(0, FINDINGS));
    await type('{Enter}');
    const dialog = within(screen.getByRole('dialog', { name: 'Findings' }));
    await userEvent.click(
      within(dialog.getByRole('radiogroup', { name: 'B-lines' })).getByRole('radio', {
        name: 'Seen',
      }),
    );
    await userEvent.click(dialog.getByRole('button', { name: 'Keep' }));
    expect(sent()).toEqual([['c0'], { findings: { b_lines: true } }]);
    expect(cell(0, FINDINGS).textContent).toBe('B-lines');
    await waitFor(() => expect(focused()).toBe(`0:${FINDINGS}`));
  });
});

describe('several recordings', () => {
  it('selected with Shift are edited at once', async () => {
    await show({}, {}, {}, {});
    await userEvent.click(cell(1, CLASS));
    await type('{Shift>}{ArrowDown}{ArrowDown}{/Shift}p');
    expect(sent()).toEqual([['c1', 'c2', 'c3'], { label: 'pneumonia' }]);
    expect(cell(0, CLASS).textContent).toBe('Missing');
    expect(cell(3, CLASS).textContent).toBe('Pneumonia');
  });

  it('selected with the mouse are, too', async () => {
    await show({}, {}, {});
    await userEvent.click(cell(0, SOURCE));
    const user = userEvent.setup();
    await user.keyboard('{Shift>}');
    await user.click(cell(2, SOURCE));
    await user.keyboard('{/Shift}');
    const bar = within(screen.getByRole('region', { name: 'Selected recordings' }));
    await user.type(bar.getByLabelText('Source'), 'Ward 9');
    await user.tab();
    expect(sent()).toEqual([['c0', 'c1', 'c2'], { source: 'Ward 9' }]);
  });

  it('get what stands above with Ctrl D', async () => {
    await show({ label: 'healthy', source: 'Ward 1' }, {}, {});
    await userEvent.click(cell(0, CLASS));
    await type('{Shift>}{ArrowDown}{ArrowDown}{ArrowRight}{ArrowRight}{ArrowRight}{/Shift}');
    await type('{Control>}d{/Control}');
    expect(sent()).toEqual([
      ['c1', 'c2'],
      { label: 'healthy', probe: null, licence: null, source: 'Ward 1' },
    ]);
  });

  it('a single one gets what stands right above it', async () => {
    await show({ label: 'healthy' }, {});
    await userEvent.click(cell(1, CLASS));
    await type('{Control>}d{/Control}');
    expect(sent()).toEqual([['c1'], { label: 'healthy' }]);
  });

  it('are removed with Delete on their files, and come back with undo', async () => {
    await show({}, {}, {});
    await userEvent.click(cell(0, 0));
    await type('{Shift>}{ArrowDown}{/Shift}{Delete}');
    expect(recordings.value.map(({ id }) => id)).toEqual(['c2']);
    expect(removals.value[0].label).toBe('2 recordings');
  });
});

it('a change that the service refuses is taken back, and said', async () => {
  const { Problem } = await import('../../src/api/problem.js');
  const { saveError } = await import('../../src/contribute/draftStore.js');
  await show({ label: 'healthy' });
  vi.mocked(api.changeContributions).mockRejectedValue(
    new Problem({ code: 'already_submitted', detail: 'It was sent already.', status: 409 }),
  );
  await userEvent.click(cell(0, CLASS));
  await type('c');
  await waitFor(() => expect(saveError.value).toContain('It was sent already.'));
  await waitFor(() => expect(cell(0, CLASS).textContent).toBe('Healthy'));
});

it('the file opens its picture', async () => {
  await show({});
  await userEvent.click(cell(0, 0));
  await type('{Enter}');
  const dialog = within(screen.getByRole('dialog', { name: 'a.mp4' }));
  expect(dialog.getByAltText("The recording's first frame")).toBeTruthy();
  await userEvent.click(dialog.getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(focused()).toBe('0:0'));
});
