/**
 * The package.json of the packed package has no scripts: they build a checkout, and would fail where only dist/ is. Called by npm before
 * and after it packs; where packing was interrupted, "restore" puts the whole one back.
 *
 *     node scripts/packed-manifest.mjs strip|restore
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const manifest = 'package.json';
const whole = '.package.whole.json';

if (existsSync(whole)) renameSync(whole, manifest);
if (process.argv[2] === 'strip') {
  const text = readFileSync(manifest, 'utf8');
  const { scripts: _, ...packed } = JSON.parse(text);
  writeFileSync(whole, text);
  writeFileSync(manifest, `${JSON.stringify(packed, undefined, 2)}\n`);
}
