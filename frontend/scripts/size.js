/** Refuses a build whose JavaScript and CSS, gzipped, weigh more than the first load may. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 150_000;
const folder = join(import.meta.dirname, '..', 'dist');

const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(folder, name))).length }));

if (sizes.length === 0) {
  console.error(`No JavaScript or CSS in ${folder}: run "npm run build" first.`);
  process.exit(1);
}
for (const { name, bytes } of sizes) console.log(`${String(bytes).padStart(8)}  ${name}`);
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${String(total).padStart(8)}  gzipped, of at most ${LIMIT}`);
if (total > LIMIT) process.exit(1);
