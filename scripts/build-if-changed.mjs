/** Builds the checkout, unless what is built is newer than everything that it is built of, as it is after npm install. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const sources = ['src', 'web', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const built = ['dist/apps/cli/main.js', 'web/dist/index.html'];

const changedAt = (path) => statSync(path).mtimeMs;

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => (name === 'dist' ? [] : filesIn(join(path, name))));
}

const newest = Math.max(...sources.flatMap(filesIn).map(changedAt));
const isBuilt = built.every((path) => existsSync(path) && changedAt(path) > newest);
if (!isBuilt) {
  const { status } = spawnSync('npm', ['run', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' });
  process.exit(status ?? 1);
}
