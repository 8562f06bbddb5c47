import { expect, it } from 'vitest';
import { announce, announcement } from '../../src/shared/announcer.js';

it('a sentence that is announced twice is a change both times', () => {
  announce('Link copied.');
  const first = announcement.value;
  announce('Link copied.');
  expect(announcement.value).not.toBe(first);
  expect(announcement.value.trim()).toBe('Link copied.');
});
