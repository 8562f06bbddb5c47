/** The fields of a recording as columns: their names, how they are read, written and shown. */
import { nameOf } from './vocabulary.js';

/**
 * @typedef {import('../api/submissions.js').Fields} Fields
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').Vocabulary} Vocabulary
 * @typedef {keyof FieldsIn} Name
 * @typedef {'labels' | 'probes' | 'licences' | 'age_bands' | 'sexes' | 'blue_points'} List
 */

/**
 * @typedef {object} Column
 * @property {Name} name
 * @property {string} title
 * @property {'choice' | 'text' | 'patient' | 'findings' | 'symptoms'} kind
 * @property {List} [list] the words of a choice
 * @property {string} [hint]
 * @property {number} [most] characters
 * @property {number} width rem
 */

/** @type {readonly Column[]} */
export const COLUMNS = [
  { name: 'label', title: 'Class', kind: 'choice', list: 'labels', width: 10 },
  { name: 'probe', title: 'Probe', kind: 'choice', list: 'probes', width: 6.5 },
  { name: 'licence', title: 'Licence', kind: 'choice', list: 'licences', width: 8.5 },
  {
    name: 'source',
    title: 'Source',
    kind: 'text',
    most: 200,
    hint: 'Hospital, ward or publication the recording comes from.',
    width: 11,
  },
  {
    name: 'patient',
    title: 'Patient',
    kind: 'patient',
    most: 200,
    hint: 'A pseudonym such as P17, never a name. Only a keyed hash is stored.',
    width: 7,
  },
  { name: 'age_band', title: 'Age', kind: 'choice', list: 'age_bands', width: 6 },
  { name: 'sex', title: 'Sex', kind: 'choice', list: 'sexes', width: 6 },
  {
    name: 'blue_point',
    title: 'BLUE point',
    kind: 'choice',
    list: 'blue_points',
    hint: 'Where the probe was placed.',
    width: 9.5,
  },
  { name: 'findings', title: 'Findings', kind: 'findings', width: 13 },
  { name: 'symptoms', title: 'Symptoms', kind: 'symptoms', width: 11 },
  { name: 'note', title: 'Note', kind: 'text', most: 2000, width: 13 },
];

/**
 * Whether nothing is said.
 * @param {Column} column
 * @param {Fields} fields
 */
export function isEmpty({ name, kind }, fields) {
  if (name === 'patient') return !fields.has_patient;
  if (kind === 'findings') return Object.keys(fields.findings).length === 0;
  if (kind === 'symptoms') return fields.symptoms.length === 0;
  return !fields[name];
}

/**
 * @param {Column} column
 * @param {Fields} fields
 * @param {Vocabulary} words
 * @returns {string} for people; '' where nothing is said
 */
export function textOf({ name, kind, list }, fields, words) {
  if (name === 'patient') return fields.has_patient ? 'Set' : '';
  if (kind === 'findings') {
    return Object.entries(fields.findings)
      .map(([key, seen]) => (seen ? '' : 'no ') + lowered(nameOf(words.findings, key), !seen))
      .join(', ');
  }
  if (kind === 'symptoms') {
    return fields.symptoms.map((key) => nameOf(words.symptoms, key)).join(', ');
  }
  const value = /** @type {string | null} */ (fields[/** @type {'label'} */ (name)]);
  return list ? short(nameOf(words[list], value)) : (value ?? '');
}

/** `CC BY 4.0: any use, …` is the licence and what it means. @param {string} name */
export const short = (name) => name.split(': ')[0];

/** @param {string} name @param {boolean} inside a sentence */
const lowered = (name, inside) =>
  inside && !/^[A-Z]-/.test(name) ? name.slice(0, 1).toLowerCase() + name.slice(1) : name;

/**
 * What the fields are after a change; what is emptied is the default again.
 * @template {Fields} T
 * @param {T} before
 * @param {FieldsIn} changes
 * @param {Fields | null} [defaults]
 * @returns {T}
 */
export function changed(before, changes, defaults = null) {
  const after = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const key = name === 'patient' ? 'has_patient' : name;
    const entered = name === 'patient' ? !saysNothing(value) : value;
    const counts = saysNothing(value)
      ? (defaults ?? NOTHING)[/** @type {'note'} */ (key)]
      : entered;
    Object.assign(after, { [key]: counts });
  }
  return after;
}

/** @type {Fields} */
export const NOTHING = {
  label: null,
  probe: null,
  licence: null,
  source: '',
  has_patient: false,
  age_band: null,
  sex: null,
  blue_point: null,
  findings: {},
  symptoms: [],
  note: '',
};

/**
 * Names of the fields that come from the defaults after a change.
 * @param {readonly string[]} before
 * @param {FieldsIn} changes
 * @param {Fields} defaults
 * @returns {string[]}
 */
export function fromDefaults(before, changes, defaults) {
  const others = before.filter((name) => !(name in changes));
  const again = COLUMNS.filter(
    (column) =>
      column.name in changes && saysNothing(changes[column.name]) && !isEmpty(column, defaults),
  ).map(({ name }) => name);
  return [...others, ...again];
}

/** @param {unknown} value */
const saysNothing = (value) =>
  value === null ||
  value === undefined ||
  (typeof value === 'string' && value.trim() === '') ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/**
 * The required fields that are not said yet.
 * @param {Fields} fields
 * @param {readonly string[]} required
 * @returns {Column[]}
 */
export const missing = (fields, required) =>
  COLUMNS.filter((column) => required.includes(column.name) && isEmpty(column, fields));

/**
 * What copying a recording's field to others changes; undefined where it cannot be copied.
 * @param {Column} column
 * @param {Fields} fields
 * @returns {FieldsIn | undefined}
 */
export function copyOf({ name }, fields) {
  if (name === 'patient') return undefined; // nobody knows it any more, not even this page
  return { [name]: fields[name] };
}
