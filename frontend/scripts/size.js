/**
 * Refuses a build whose JavaScript and CSS, gzipped, weigh more than they may: what the first page
 * loads, and what any other page adds to that when it is come to.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FIRST_LIMIT = 60_000;
const PAGE_LIMIT = 60_000;
const folder = join(import.meta.dirname, '..', 'dist');
const list = join(folder, '.vite', 'manifest.json');

if (!existsSync(list)) {
  console.error(`No ${list}: run "npm run build" first.`);
  process.exit(1);
}

/** @typedef {{file: string, css?: string[], imports?: string[], isEntry?: boolean, isDynamicEntry?: boolean}} Chunk */

/** @type {Record<string, Chunk>} */
const chunks = JSON.parse(readFileSync(list, 'utf8'));

/** @param {string} key @returns {Set<string>} every file that comes with a chunk */
function files(key, seen = new Set()) {
  const { file, css = [], imports = [] } = chunks[key];
  if (seen.has(file)) return seen;
  for (const each of [file, ...css]) seen.add(each);
  for (const each of imports) files(each, seen);
  return seen;
}

/** @param {Iterable<string>} names */
const weight = (names) =>
  [...names].reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);

const entry = Object.keys(chunks).find((key) => chunks[key].isEntry);
const first = files(String(entry));
const rows = [{ name: 'first page', bytes: weight(first), limit: FIRST_LIMIT }];
for (const [name, { isDynamicEntry }] of Object.entries(chunks)) {
  if (!isDynamicEntry) continue;
  rows.push({
    name,
    bytes: weight([...files(name)].filter((each) => !first.has(each))),
    limit: PAGE_LIMIT,
  });
}
for (const { name, bytes, limit } of rows) {
  console.log(`${String(bytes).padStart(8)} of ${limit}  ${name}`);
}
if (rows.some(({ bytes, limit }) => bytes > limit)) process.exit(1);
