import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/submissions.js';
import * as tus from '../../src/api/tus.js';
import { hidden } from '../../src/contribute/draftStore.js';
import { NOTHING } from '../../src/contribute/fields.js';
import { removals } from '../../src/contribute/removals.js';
import { forgetUploadsOf } from '../../src/contribute/uploads.js';
import { vocabulary } from '../../src/contribute/vocabulary.js';
import { App } from '../../src/app/App.jsx';
import { Problem } from '../../src/api/problem.js';
import { followAddress, readAddress } from '../../src/shared/address.js';
import { user } from '../../src/shared/session.js';
import { makeUser } from '../make.js';
import { WORDS, makeContribution, makeFile, makeRow, makeSubmission } from './make.js';

vi.mock('../../src/api/screenings.js');
vi.mock('../../src/api/submissions.js');
vi.mock('../../src/api/tus.js');

/** @typedef {import('../../src/api/submissions.js').Contribution} Contribution */

const SAID = /** @type {const} */ ({
  label: 'covid19',
  probe: 'convex',
  licence: 'CC0 1.0',
  source: 'Ward 3',
});

beforeEach(() => {
  user.value = makeUser();
  vocabulary.value = null;
  removals.value = [];
  hidden.value = new Set();
  localStorage.clear();
  forgetUploadsOf('sub-1');
  vi.mocked(api.vocabulary).mockResolvedValue(WORDS);
  vi.mocked(api.submissions).mockResolvedValue({ items: [], next: null });
  vi.mocked(api.files).mockResolvedValue([]);
  vi.mocked(tus.sendFile).mockReturnValue(new Promise(() => {}));
  followAddress();
});

/** @param {string} hash @param {string} heading */
async function open(hash, heading) {
  history.replaceState(null, '', hash);
  readAddress();
  render(<App />);
  await screen.findByRole('heading', { level: 1, name: heading });
}

/**
 * Open a submission that holds these.
 * @param {object} there
 * @param {Partial<import('../../src/api/submissions.js').Submission>} [there.submission]
 * @param {Contribution[]} [there.contributions]
 * @param {import('../../src/api/submissions.js').SentFile[]} [there.files]
 * @param {Partial<import('../../src/api/submissions.js').Check>} [there.check]
 */
async function openSubmission({ submission, contributions = [], files = [], check }) {
  vi.mocked(api.submission).mockResolvedValue(makeSubmission(submission));
  vi.mocked(api.contributions).mockResolvedValue(contributions);
  vi.mocked(api.files).mockResolvedValue(files);
  vi.mocked(api.check).mockResolvedValue({
    ready: true,
    waiting: 0,
    problems: [],
    duplicates: [],
    manifest: [],
    loose: [],
    ...check,
  });
  await open('#/contribute/sub-1', 'Ward 3');
}

/** @param {string} name */
const press = (name) => userEvent.click(screen.getByRole('button', { name }));

async function expectAccessible() {
  const { violations } = await axe.run(document.body, { resultTypes: ['violations'] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
}

describe('the list of submissions', () => {
  it('that is empty says how it works, and begins one', async () => {
    vi.mocked(api.begin).mockResolvedValue(makeSubmission({ id: 'sub-9' }));
    await open('#/contribute', 'Contribute');
    await screen.findByText(/You have no submissions yet/);
    await expectAccessible();
    await press('Start a submission');
    await waitFor(() => expect(location.hash).toBe('#/contribute/sub-9'));
  });

  it('tells where each of them stands', async () => {
    const items = [
      makeSubmission({ id: 'a', title: 'Draft', files: { running: 2, failed: 1 } }),
      makeSubmission({
        id: 'b',
        title: 'Sent',
        state: 'submitted',
        submitted_at: '2026-01-06T10:00:00Z',
        states: { pending: 3, changes_requested: 1 },
      }),
    ];
    vi.mocked(api.submissions).mockResolvedValue({ items, next: null });
    await open('#/contribute', 'Contribute');
    const rows = await screen.findAllByRole('heading', { level: 2 });
    const [draft, sent] = rows.map((each) => within(each.closest('li') ?? expect.unreachable()));
    expect(draft.getByText('2 being processed')).toBeTruthy();
    expect(draft.getByText('1 not accepted')).toBeTruthy();
    expect(sent.getByText('1 to answer')).toBeTruthy();
    expect(sent.queryByRole('button', { name: /Delete/ })).toBeNull();
    await expectAccessible();
  });

  it('loses a draft after a second thought', async () => {
    vi.mocked(api.submissions).mockResolvedValue({
      items: [makeSubmission({ title: 'Mistake' })],
      next: null,
    });
    await open('#/contribute', 'Contribute');
    await userEvent.click(await screen.findByRole('button', { name: 'Delete Mistake' }));
    await waitFor(() => expect(document.activeElement?.textContent).toBe('Delete it'));
    await press('Delete it');
    expect(api.deleteSubmission).toHaveBeenCalledWith('sub-1');
    expect(await screen.findByText(/You have no submissions yet/)).toBeTruthy();
  });

  it('says what the service says when it cannot be had', async () => {
    vi.mocked(api.submissions).mockRejectedValue(
      new Problem({ code: 'unavailable', detail: 'Try later.', status: 503 }),
    );
    await open('#/contribute', 'Contribute');
    expect((await screen.findByRole('alert')).textContent).toContain('Try later.');
  });
});

describe('files', () => {
  /** @param {...File} files */
  const choose = (...files) => userEvent.upload(screen.getByTestId('files'), files);

  it('that are chosen are sent with their progress', async () => {
    await openSubmission({});
    await choose(
      new File(['x'.repeat(500)], 'a.mp4', { type: 'video/mp4' }),
      new File(['x'.repeat(500)], 'b.mp4', { type: 'video/mp4' }),
    );
    const [, options] = vi.mocked(tus.sendFile).mock.calls[0];
    options.onProgress(250);
    expect(await screen.findByRole('heading', { name: '0 of 2 files sent' })).toBeTruthy();
    await waitFor(() =>
      expect(screen.getByRole('progressbar', { name: 'a.mp4' }).getAttribute('aria-valuenow')).toBe(
        '50',
      ),
    );
    await expectAccessible();
    await press('Do not send b.mp4');
    expect(await screen.findByRole('heading', { name: '0 of 1 file sent' })).toBeTruthy();
  });

  it('that are sent and taken in between two looks are seen all the same', async () => {
    await openSubmission({});
    vi.mocked(tus.sendFile).mockResolvedValue('arrival-1');
    const file = new File(['pixels'], 'quick.mp4', { type: 'video/mp4' });
    await userEvent.upload(screen.getByTestId('files'), file);
    vi.mocked(api.contributions).mockResolvedValue([makeContribution({ file_name: 'quick.mp4' })]);
    vi.mocked(api.files).mockResolvedValue([makeFile({ state: 'done' })]);
    expect(await screen.findByText('quick.mp4', {}, { timeout: 10_000 })).toBeTruthy();
  });

  it('that were taken already are named as such', async () => {
    await openSubmission({ files: [makeFile({ file_name: 'a.mp4', bytes: 4 })] });
    await choose(new File(['abcd'], 'a.mp4', { type: 'video/mp4' }));
    expect(await screen.findByText('1 file had been sent already.')).toBeTruthy();
    expect(tus.sendFile).not.toHaveBeenCalled();
  });

  it('that a reload cut off are named, to be added again', async () => {
    localStorage.setItem('pocovid.sending.sub-1', '[{"path":"day2/late.mp4","bytes":4}]');
    const half = makeFile({ file_name: 'half.mp4', bytes: 3e6, received: 1e6, state: 'receiving' });
    await openSubmission({ files: [half] });
    expect(screen.getByRole('heading', { name: '2 files have not been uploaded' })).toBeTruthy();
    expect(screen.getByText('1.0 MB of 3.0 MB uploaded')).toBeTruthy();
    expect(screen.getByText('day2/late.mp4')).toBeTruthy();
    await press('Leave them out');
    await userEvent.click(screen.getAllByRole('button', { name: 'Leave them out' })[0]);
    await waitFor(() => expect(api.forgetFile).toHaveBeenCalledWith('file-1'));
    expect(localStorage.length).toBe(0);
    expect(screen.queryByText(/not been uploaded/)).toBeNull();
  });

  it('that could not be read say why, and leave the list', async () => {
    const error = { code: 'truncated_file', message: 'It ends in the middle.' };
    await openSubmission({ files: [makeFile({ file_name: 'cut.mp4', state: 'failed', error })] });
    expect(screen.getByText(/It ends in the middle\./)).toBeTruthy();
    await press('Remove cut.mp4 from the list');
    expect(screen.queryByText('cut.mp4')).toBeNull();
  });

  it('of a CSV name each row that could not be used', async () => {
    const report = [
      makeRow({ line: 2, file_name: 'a.mp4', problem: null }),
      makeRow({
        line: 3,
        file_name: 'b.mp4',
        problem: "label: The label 'covd' is none of covid19.",
      }),
      makeRow({
        line: 4,
        file_name: 'c.mp4',
        problem: 'No file of this name is in the submission yet.',
      }),
    ];
    const manifest = [makeRow({ line: 5, file_name: 'd.mp4', problem: 'No file' })];
    await openSubmission({
      files: [makeFile({ kind: 'manifest', file_name: 'labels.csv', report })],
      check: { manifest },
    });
    // c.mp4 has come since: the check does not miss it any more
    await waitFor(() =>
      expect(screen.getByText(/labels.csv/).closest('summary')?.textContent).toContain(
        '2 rows used, 1 problem',
      ),
    );
    expect(screen.getByText(/'covd' is none of/)).toBeTruthy();
  });
});

describe('the rows of a CSV', () => {
  it('are told apart: used, in doubt, of a similar name, and of files that are not here', async () => {
    const table = 'labels.csv';
    const report = [
      makeRow({
        line: 1,
        file_name: '',
        status: 'used',
        problem: null,
        note: 'Read as Windows-1252.',
      }),
      makeRow({ line: 2, file_name: 'a.mp4', status: 'used', problem: null }),
      makeRow({ line: 3, file_name: 'b.mp4', status: 'partly', problem: 'licence: none of ours.' }),
      makeRow({ line: 4, file_name: 'c.mp4', status: 'waiting', problem: 'No file of this name' }),
      makeRow({ line: 5, file_name: 'd', status: 'used', problem: null }),
      makeRow({ line: 6, file_name: 'E.mp4', status: 'loose', problem: null, note: 'for e.mp4' }),
    ];
    const missing = Array.from({ length: 118 }, (_, n) =>
      makeRow({
        line: 100 + n,
        file_name: `${n}.mp4`,
        status: 'waiting',
        problem: 'No file of this name',
      }),
    );
    await openSubmission({
      files: [
        makeFile({ kind: 'manifest', file_name: table, report }),
        makeFile({
          id: 'zip-1',
          kind: 'archive',
          file_name: 'ward.zip',
          report: [makeRow({ line: 0, file_name: '', problem: null, note: '2 files skipped.' })],
        }),
      ],
      check: {
        manifest: [
          makeRow({
            line: 5,
            file_name: 'd',
            status: 'doubt',
            problem: 'Line 5 fits several files',
          }),
          ...missing,
        ],
        loose: [report[5]],
      },
    });
    await waitFor(() => expect(screen.getByText(/118 rows name files that are/)).toBeTruthy());
    expect(screen.getByText('labels.csv').closest('summary')?.textContent).toContain(
      '4 rows used, 1 problem',
    );
    expect(screen.getByText('Read as Windows-1252.')).toBeTruthy();
    expect(screen.getByText('1 row matches no recording')).toBeTruthy();
    expect(screen.getByText('Line 5 fits several files')).toBeTruthy();
    expect(
      screen.getByText('1 row was matched to a file with a similar name: please check'),
    ).toBeTruthy();
    expect(screen.getByText(/2 files skipped\./)).toBeTruthy();
    expect(screen.getByText('and 110 more')).toBeTruthy();
  });
});

describe('what is set once for all', () => {
  it('is kept as soon as it is chosen', async () => {
    await openSubmission({});
    await userEvent.selectOptions(screen.getByLabelText(/^Class/), 'healthy');
    expect(api.changeSubmission).toHaveBeenCalledWith('sub-1', { defaults: { label: 'healthy' } });
    await userEvent.click(
      within(screen.getByRole('radiogroup', { name: 'B-lines' })).getByRole('radio', {
        name: 'Not seen',
      }),
    );
    await waitFor(() =>
      expect(api.changeSubmission).toHaveBeenLastCalledWith('sub-1', {
        defaults: { findings: { b_lines: false } },
      }),
    );
  });

  it('warns of names where a pseudonym is asked for', async () => {
    await openSubmission({ submission: { defaults: { ...NOTHING, has_patient: true } } });
    const field = screen.getByLabelText('Patient');
    const hint = document.getElementById(field.getAttribute('aria-describedby') ?? '');
    expect(hint?.textContent).toContain('never a name');
    expect(field).toHaveProperty('value', '');
    await press('Clear');
    expect(api.changeSubmission).toHaveBeenCalledWith('sub-1', { defaults: { patient: null } });
  });

  it('is accessible', async () => {
    await openSubmission({});
    await expectAccessible();
  });
});

describe('the check', () => {
  const pair = [
    makeContribution({ id: 'a', file_name: 'a.mp4', ...SAID }),
    makeContribution({ id: 'b', file_name: 'b.mp4', ...SAID, label: null }),
  ];
  const problems = [{ contribution_id: 'b', field: 'label', message: 'Say what it shows.' }];

  it('leads to what is missing', async () => {
    await openSubmission({ contributions: pair, check: { ready: false, problems } });
    await userEvent.click(
      await screen.findByRole('button', { name: 'Go to the first recording without class' }),
    );
    await waitFor(() => expect(document.activeElement?.textContent).toBe('Missing'));
    expect(document.activeElement?.getAttribute('data-at')).toBe('1:1');
  });

  it('shows what is there twice, both side by side, and removes one with an undo', async () => {
    const duplicates = [
      {
        contribution_id: 'b',
        of: /** @type {const} */ ('batch'),
        other_id: 'a',
        kind: /** @type {const} */ ('exact'),
      },
    ];
    await openSubmission({ contributions: pair, check: { duplicates } });
    expect(await screen.findByText('The same file')).toBeTruthy();
    expect(screen.getByAltText('First frame of a.mp4')).toBeTruthy();
    expect(screen.getByAltText('First frame of b.mp4')).toBeTruthy();
    await press('Remove b.mp4');
    expect(screen.getByRole('heading', { name: '1 recording' })).toBeTruthy();
    await press('Undo');
    expect(screen.getByRole('heading', { name: '2 recordings' })).toBeTruthy();
    expect(api.deleteContribution).not.toHaveBeenCalled();
  });

  it('counts recordings, not pairs of them, and tells files of one name apart', async () => {
    const named = (/** @type {string} */ id) =>
      makeContribution({ id, file_name: `disc/${id}/IM000001`, ...SAID });
    const pairOf = (/** @type {string} */ contribution_id, /** @type {string} */ other_id) => ({
      contribution_id,
      of: /** @type {const} */ ('batch'),
      other_id,
      kind: /** @type {const} */ ('near'),
    });
    await openSubmission({
      contributions: ['a', 'b', 'c'].map(named),
      check: { duplicates: [pairOf('b', 'a'), pairOf('c', 'a'), pairOf('c', 'b')] },
    });
    await screen.findByRole('heading', { name: '2 recordings may be duplicates' });
    expect(screen.getByText('Remove disc/b/IM000001')).toBeTruthy();
  });

  it('lets nothing go before all is said, and agreed to', async () => {
    await openSubmission({ contributions: pair, check: { ready: false, problems } });
    await screen.findByText(/is missing for 1 recording/);
    await press('Send 2 recordings to review');
    expect(screen.getByRole('alert').textContent).toContain('Fill in the missing fields');
    expect(api.submit).not.toHaveBeenCalled();
  });

  it('does not ask for what only a recording that is not here any more lacked', async () => {
    const others = problems.map((each) => ({ ...each, contribution_id: 'c-gone' }));
    await openSubmission({ contributions: pair, check: { ready: false, problems: others } });
    await screen.findByText('Nothing is missing.');
    await press('Send 2 recordings to review');
    expect(screen.getByRole('alert').textContent).toContain('tick the box');
  });

  it('says that nothing is missing of what has arrived while files are on the way', async () => {
    await openSubmission({ contributions: pair, check: { ready: false, waiting: 1 } });
    await screen.findByText('Nothing is missing in the recordings uploaded so far.');
  });

  it('sends with the consent', async () => {
    await openSubmission({ contributions: pair });
    await screen.findByText('Nothing is missing.');
    await press('Send 2 recordings to review');
    expect(screen.getByRole('alert').textContent).toContain('tick the box');
    await userEvent.click(screen.getByRole('checkbox', { name: 'I agree, for all 2 recordings' }));
    vi.mocked(api.submission).mockResolvedValue(
      makeSubmission({ state: 'submitted', submitted_at: '2026-01-06T10:00:00Z' }),
    );
    vi.mocked(api.contributions).mockResolvedValue(
      pair.map((each) => ({ ...each, state: /** @type {const} */ ('pending') })),
    );
    await press('Send 2 recordings to review');
    expect(await screen.findByText(/The reviewers’ comments appear here/)).toBeTruthy();
    expect(api.submit).toHaveBeenCalledWith('sub-1');
  });
});

describe('what was sent', () => {
  const submission = {
    state: /** @type {const} */ ('submitted'),
    submitted_at: '2026-01-06T10:00:00Z',
  };
  const words = [
    {
      verdict: /** @type {const} */ ('request_changes'),
      reason: null,
      comment: 'Which lung is it?',
      at: '2026-01-07T10:00:00Z',
    },
  ];
  const asked = makeContribution({
    ...SAID,
    file_name: 'a.mp4',
    state: 'changes_requested',
    reviewer_words: words,
  });

  it('answers a reviewer, with corrections', async () => {
    vi.mocked(api.answer).mockResolvedValue({ ...asked, state: 'pending', answer: 'The left.' });
    await openSubmission({ submission, contributions: [asked] });
    expect(screen.getByText('Which lung is it?')).toBeTruthy();
    await press('Answer the reviewer');
    expect(screen.getByText('Write an answer to the reviewer.')).toBeTruthy();
    await userEvent.type(screen.getByLabelText('Your answer'), 'The left.');
    await userEvent.click(screen.getByText('Correct your entries'));
    await userEvent.selectOptions(screen.getByLabelText('BLUE point'), 'left_upper');
    await press('Answer the reviewer');
    expect(api.answer).toHaveBeenCalledWith('con-1', 'The left.', { blue_point: 'left_upper' });
    expect(await screen.findByText('You answered:')).toBeTruthy();
    await expectAccessible();
  });

  it('says when the reviewers decided on another class', async () => {
    const approved = makeContribution({ ...SAID, state: 'approved', label: 'covid19' });
    await openSubmission({
      submission,
      contributions: [
        { ...approved, final_label: 'healthy' },
        { ...approved, id: 'con-2', final_label: 'covid19' },
      ],
    });
    const changed = screen.getAllByText('The reviewers changed the class:');
    expect(changed.map((each) => each.parentElement?.textContent)).toEqual([
      'The reviewers changed the class: in the dataset it is Healthy.',
    ]);
  });

  it('can be withdrawn, after a second thought', async () => {
    const pending = makeContribution({ ...SAID, file_name: 'a.mp4', state: 'pending' });
    vi.mocked(api.withdraw).mockResolvedValue({ ...pending, state: 'withdrawn' });
    await openSubmission({ submission, contributions: [pending] });
    await press('Withdraw a.mp4');
    await press('Keep');
    expect(api.withdraw).not.toHaveBeenCalled();
    await press('Withdraw a.mp4');
    await press('Withdraw it');
    expect(await screen.findByText('Withdrawn')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Withdraw a.mp4' })).toBeNull();
  });

  it('can be looked at by state', async () => {
    const states = /** @type {const} */ (['pending', 'approved', 'approved']);
    await openSubmission({
      submission,
      contributions: states.map((state, n) =>
        makeContribution({ id: `c${n}`, file_name: `${n}.mp4`, state }),
      ),
    });
    await press('Approved 2');
    expect(
      within(screen.getByRole('list', { name: 'Recordings' })).getAllByRole('heading'),
    ).toHaveLength(2);
  });
});

it('a submission of somebody else is not here', async () => {
  vi.mocked(api.submission).mockRejectedValue(
    new Problem({ code: 'not_found', detail: 'No.', status: 404 }),
  );
  vi.mocked(api.contributions).mockResolvedValue([]);
  await open('#/contribute/sub-1', 'This submission does not exist');
});

describe('text in the pictures', () => {
  const box = { x: 10, y: 10, width: 80, height: 16, decision: null };
  const name = { ...box, name_like: true, inside: true, masked: true };
  const named = makeContribution({ ...SAID, text_boxes: [name, { ...name, name_like: false }] });

  it('that may name a person has to be decided, and can be masked at once', async () => {
    vi.mocked(api.maskText).mockResolvedValue({ changed: 1 });
    await openSubmission({ contributions: [named] });
    await screen.findByText('Text that may name a person');
    await press('Mask all');
    expect(api.maskText).toHaveBeenCalledWith('sub-1');
    await waitFor(() => expect(screen.queryByText('Text that may name a person')).toBeNull());
  });

  it('is looked at on the picture, and kept or masked box by box', async () => {
    vi.mocked(api.decideText).mockResolvedValue(named);
    await openSubmission({ contributions: [named] });
    await screen.findByText('Text that may name a person');
    await press('Look at the first');
    const dialog = await screen.findByRole('dialog');
    within(dialog).getByText(/it may name a person/);
    const first = within(dialog).getByRole('group', { name: 'Text 1' });
    await userEvent.click(within(first).getByRole('button', { name: 'Keep' }));
    expect(api.decideText).toHaveBeenCalledWith('con-1', [{ box: 0, decision: 'keep' }]);
    const second = within(dialog).getByRole('group', { name: 'Text 2' });
    await userEvent.click(within(second).getByRole('button', { name: 'Mask' }));
    expect(api.decideText).toHaveBeenLastCalledWith('con-1', [{ box: 1, decision: 'mask' }]);
    expect(within(dialog).getByText(/black in the dataset/)).toBeTruthy();
    expect((await axe.run(dialog)).violations).toEqual([]);
  });
});
