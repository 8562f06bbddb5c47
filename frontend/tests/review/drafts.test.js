import { afterEach, describe, expect, it } from 'vitest';
import * as drafts from '../../src/review/drafts.js';
import { user } from '../../src/shared/session.js';
import { makeContribution } from './make.js';

/** @param {string} id */
const signIn = (id) => {
  user.value = /** @type {import('../../src/api/shapes.js').User} */ ({ id, role: 'reviewer' });
};

afterEach(() => {
  user.value = undefined;
});

describe('what a reviewer has typed in a tab', () => {
  const contribution = makeContribution();
  const typed = { ...drafts.untouched(contribution), label: 'healthy', comment: 'no B-lines' };

  it('is there again for this reviewer, and not for who signs in next', () => {
    signIn('one');
    drafts.keepDraft(contribution.id, typed);
    drafts.setCurrent(contribution.id);
    drafts.keepLast(/** @type {any} */ ({ id: 'rev-1' }));

    signIn('two');
    expect(drafts.draftOf(contribution)).toEqual(drafts.untouched(contribution));
    expect(drafts.current()).toBeNull();
    expect(drafts.lastGiven()).toBeNull();

    signIn('one');
    expect(drafts.draftOf(contribution)).toEqual(typed);
    expect(drafts.current()).toBe(contribution.id);
    expect(drafts.lastGiven()).toEqual({ id: 'rev-1' });
  });
});
