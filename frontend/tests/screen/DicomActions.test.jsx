import { render, screen } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/dicom.js';
import { Problem } from '../../src/api/problem.js';
import { DicomActions } from '../../src/screen/DicomActions.jsx';
import { user } from '../../src/shared/session.js';
import { makeDelivery, makePeer } from '../dicom/make.js';
import { makeUser } from '../make.js';

vi.mock('../../src/api/dicom.js');

beforeEach(() => {
  vi.mocked(api.reportUrl).mockImplementation((id) => `/screenings/${id}/report.dcm`);
  vi.mocked(api.peers).mockResolvedValue([makePeer()]);
  vi.mocked(api.deliveriesOf).mockResolvedValue([]);
  user.value = makeUser({ role: 'reviewer' });
});
afterEach(() => void (user.value = undefined));

it('offers the report to everybody, and peers to reviewers alone', async () => {
  user.value = makeUser({ role: 'contributor' });
  render(<DicomActions id="scr-1" />);
  expect(screen.getByRole('link').getAttribute('href')).toBe('/screenings/scr-1/report.dcm');
  expect(screen.queryByRole('button')).toBeNull();
  expect(api.peers).not.toHaveBeenCalled();
});

it('sends an answer once, and says how far it is', async () => {
  vi.mocked(api.deliver).mockResolvedValue(makeDelivery({ state: 'running' }));
  render(<DicomActions id="scr-1" />);
  await userEvent.click(await screen.findByRole('button', { name: 'Send to pacs' }));
  expect(api.deliver).toHaveBeenCalledExactlyOnceWith('scr-1', 'pacs');
  expect((await screen.findByText('pacs: Being sent.')).getAttribute('role')).toBe('status');
  expect(screen.getByRole('button', { name: 'Send again to pacs' })).toHaveProperty(
    'disabled',
    true,
  );
});

it('can send again what has failed', async () => {
  vi.mocked(api.deliveriesOf).mockResolvedValue([makeDelivery({ state: 'failed', tries: 3 })]);
  render(<DicomActions id="scr-1" />);
  await screen.findByText('pacs: Failed after 3 tries.');
  expect(screen.getByRole('button', { name: 'Send again to pacs' })).toHaveProperty(
    'disabled',
    false,
  );
});

it('says why it cannot be sent', async () => {
  vi.mocked(api.deliver).mockRejectedValue(
    new Problem({ code: 'gone', detail: 'It was deleted.', status: 410 }),
  );
  render(<DicomActions id="scr-1" />);
  await userEvent.click(await screen.findByRole('button', { name: 'Send to pacs' }));
  expect((await screen.findByRole('alert')).textContent).toBe('It was deleted.');
});
