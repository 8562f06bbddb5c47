import { afterEach, describe, expect, it } from 'vitest';
import * as drafts from '../../src/review/drafts.js';
import { user } from '../../src/shared/session.js';
import { makeContribution } from './make.js';

/** @param {string} id */
const signIn = (id) => {
  user.value = /** @type {import('../../src/api/accounts.js').User} */ ({ id, role: 'reviewer' });
};

afterEach(() => {
  user.value = undefined;
});

describe('what a reviewer has typed in a tab', () => {
  const contribution = makeContribution();
  /** @type {drafts.Draft} */
  const typed = { ...drafts.untouched(contribution), label: 'healthy', comment: 'no B-lines' };

  it('is there again for this reviewer, and not for who signs in next', () => {
    signIn('one');
    drafts.saveDraft(contribution.id, typed);
    drafts.setCurrentId(contribution.id);
    drafts.saveLastVerdict(/** @type {any} */ ({ id: 'rev-1' }));

    signIn('two');
    expect(drafts.draftOf(contribution)).toEqual(drafts.untouched(contribution));
    expect(drafts.currentId()).toBeNull();
    expect(drafts.lastVerdict()).toBeNull();

    signIn('one');
    expect(drafts.draftOf(contribution)).toEqual(typed);
    expect(drafts.currentId()).toBe(contribution.id);
    expect(drafts.lastVerdict()).toEqual({ id: 'rev-1' });
  });
});
