import { describe, expect, it } from 'vitest';
import {
  COLUMNS,
  NOTHING,
  changed,
  copyOf,
  fromDefaults,
  missing,
  textOf,
} from '../../src/contribute/fields.js';
import { WORDS, makeContribution } from './make.js';

/** @typedef {import('../../src/api/submissions.js').Fields} Fields */

/** @param {string} name */
const column = (name) => COLUMNS.find((each) => each.name === name) ?? expect.unreachable();

describe('a field', () => {
  it.each([
    ['label', { label: 'covid19' }, 'COVID-19'],
    ['licence', { licence: 'CC BY 4.0' }, 'CC BY 4.0'],
    ['label', { label: 'a-new-word' }, 'a-new-word'],
    ['patient', { has_patient: true }, 'Set'],
    [
      'findings',
      { findings: { b_lines: true, consolidation: false } },
      'B-lines, no consolidation',
    ],
    ['symptoms', { symptoms: ['fever', 'cough'] }, 'Fever, Cough'],
    ['note', {}, ''],
  ])('%s is shown as people say it', (name, fields, text) => {
    const recording = /** @type {Fields} */ ({ ...NOTHING, ...fields });
    expect(textOf(column(name), recording, WORDS)).toBe(text);
  });

  it('that is emptied is what was set for all again', () => {
    /** @type {Fields} */
    const defaults = { ...NOTHING, label: 'healthy', source: 'Ward 3' };
    const before = makeContribution({ label: 'covid19', source: 'Ward 9' });
    const changes = { label: null, source: '' };
    expect(changed(before, changes, defaults)).toMatchObject({
      label: 'healthy',
      source: 'Ward 3',
    });
    expect(fromDefaults([], changes, defaults)).toEqual(['label', 'source']);
  });

  it('that is said does not come from the defaults any more', () => {
    /** @type {Fields} */
    const defaults = { ...NOTHING, label: 'healthy' };
    expect(fromDefaults(['label'], { label: 'covid19' }, defaults)).toEqual([]);
  });

  it('keeps of a patient only that there is a pseudonym', () => {
    expect(changed(NOTHING, { patient: 'P17' }).has_patient).toBe(true);
    expect(JSON.stringify(changed(NOTHING, { patient: 'P17' }))).not.toContain('P17');
    expect(changed({ ...NOTHING, has_patient: true }, { patient: null }).has_patient).toBe(false);
    expect(copyOf(column('patient'), NOTHING)).toBeUndefined();
  });

  it('is missing where it is needed and not said', () => {
    const names = missing({ ...NOTHING, probe: 'convex', source: 'Ward 3' }, WORDS.required);
    expect(names.map(({ name }) => name)).toEqual(['label', 'licence']);
  });
});
