/**
 * Splits the training pictures of a Fashion200K layout once more, so that settings can be chosen without its test split:
 *
 *     npm run build && node scripts/development-split.mjs DATA OUT
 *
 * A fifth of the kinds of things, which are the last two words of a caption (brand and article type in the product photographs), with all
 * their pictures is the test split of OUT; the rest is its training split. OUT gets a link to the pictures of DATA.
 */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Random } from '../dist/core/random.js';
import { drawPairs } from '../dist/learning/data/one-word-apart.js';

const [from, to] = process.argv.slice(2);
if (!from || !to) {
  console.error('Say from where and to where: node scripts/development-split.mjs DATA OUT');
  process.exit(2);
}
const seed = 7;
const kindOf = (caption) => caption.split(' ').slice(-2).join(' ');
const isHeld = ({ label }) => Random.derive(seed, `dev ${kindOf(label)}`).uniform() < 0.2;

const text = await readFile(join(from, 'labels', 'product_train_detect_all.txt'), 'utf8');
const images = text
  .trim()
  .split('\n')
  .map((line) => ({ line, id: line.split('\t')[0], label: line.split('\t')[2], source: '' }));
const [test, train] = [images.filter(isHeld), images.filter((image) => !isHeld(image))];
const pairs = drawPairs(test, 1, Random.derive(seed, 'dev pairs'));
const lines = (list) => `${list.join('\n')}\n`;
await mkdir(join(to, 'labels'), { recursive: true });
await writeFile(join(to, 'labels', 'product_train_detect_all.txt'), lines(train.map(({ line }) => line)));
await writeFile(join(to, 'labels', 'product_test_detect_all.txt'), lines(test.map(({ line }) => line)));
await writeFile(join(to, 'test_queries.txt'), lines(pairs.map(({ reference, target }) => `${reference} ${target}`)));
await symlink(resolve(from, 'images'), join(to, 'images'));
console.log(`${train.length} pictures to train on, ${test.length} to test with ${pairs.length} queries`);
