import { render, screen } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import { RecordingNotes } from '../../src/shared/RecordingNotes.jsx';

describe('notes on a file', () => {
  it('are shown each in its own line', () => {
    render(<RecordingNotes notes={['No time for each frame.', 'Two pictures.']} />);
    const list = screen.getByRole('list', { name: 'Notes on the file' });
    expect([...list.children].map((line) => line.textContent)).toEqual([
      'No time for each frame.',
      'Two pictures.',
    ]);
  });

  it('take no room where there are none', () => {
    const { container } = render(<RecordingNotes notes={[]} />);
    expect(container.innerHTML).toBe('');
  });
});
