// Fails when a call was made that Spotify's schema marks as deprecated, or does not know:
//   node deprecated.mjs SCHEMA CALLS
// where CALLS holds lines such as "GET /me/player?additional_types=track 200".
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

const [schemaFile, callsFile] = process.argv.slice(2);
const schema = load(readFileSync(schemaFile, 'utf8'));
const calls = readFileSync(callsFile, 'utf8').split('\n').filter(Boolean);
const pattern = (path) => new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
// A path without a variable is meant before one with: /me/tracks is no /me/{…}.
const paths = Object.keys(schema.paths).sort((a, b) => a.split('{').length - b.split('{').length);
const seen = new Set();
const wrong = [];
for (const call of calls) {
  const [method, line] = call.split(' ');
  const path = line.split('?')[0];
  const known = paths.find((known) => pattern(known).test(path) && schema.paths[known][method.toLowerCase()]);
  if (!known) wrong.push(`${method} ${path} is not in the schema`);
  else if (schema.paths[known][method.toLowerCase()].deprecated) wrong.push(`${method} ${known} is deprecated`);
  else seen.add(`${method} ${known}`);
}
console.log(`${calls.length} calls of ${seen.size} operations:\n  ${[...seen].sort().join('\n  ')}`);
if (seen.size < 13) wrong.push(`only ${seen.size} operations were called; Moodring makes 13`);
if (wrong.length > 0) {
  console.error([...new Set(wrong)].join('\n'));
  process.exit(1);
}
