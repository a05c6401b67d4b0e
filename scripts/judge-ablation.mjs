/**
 * What other ways of judging would have been worth on product photographs: trains LIMN on the labels and on pseudo triplets that are chosen in another way, and says its
 * recall. The texts are those that an experiment of LIMN+ has written without judging (method "unjudged"), and as many are taken.
 *
 *     limn experiment run FILE.json                                 first; its runs lie in runs/NAME
 *     node scripts/judge-ablation.mjs FILE.json SEED WAY...         one line of JSON for each way
 *
 * WAY: all (a draw of all), rank (the judge's), beyond (what the judge's rank refuses), likelihood and near (the better half by likelihood or
 * rank, of each strategy in each of 100 regions of targets), true (texts that name no other colour or sex than the target has in
 * DATASET/styles.csv). `right` is the share of texts with a colour or a sex in which these are the target's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../dist/core/random.js';
import { dot } from '../dist/learning/eval/vectors.js';
import { readExperiment, settingsOf } from '../dist/learning/experiment/config.js';
import { readSplit } from '../dist/learning/experiment/dataset.js';
import { withLabels } from '../dist/learning/self-training/begin.js';
import { mixTriplets } from '../dist/learning/self-training/mixing.js';
import { acceptedTriplets, readPseudoTriplets } from '../dist/learning/self-training/pseudo-triplets.js';
import { selfTrainSettings } from '../dist/learning/self-training/settings.js';
import { roundSeed } from '../dist/learning/self-training/work.js';
import { train } from '../dist/learning/train/train.js';
import { scoreVectors } from '../dist/models/retrieval/embeddings.js';
import { RetrievalModel } from '../dist/models/retrieval/retrieval-model.js';

const [file, seedText, ...ways] = process.argv.slice(2);
if (!file || !seedText || ways.length === 0) {
  console.error('Say which experiment, which seed and which ways: node scripts/judge-ablation.mjs FILE.json SEED WAY...');
  process.exit(2);
}
const seed = Number(seedText);
const experiment = await readExperiment(file);
const method = experiment.methods.find(({ id }) => id === 'unjudged');
const { model, training, selfTraining } = settingsOf(experiment, method);
const settings = selfTrainSettings.parse(selfTraining);
const [category] = experiment.categories;
const [whole, val] = [await readSplit(experiment, category, 'train'), await readSplit(experiment, category, 'val')];
const labelled = withLabels(whole, settings.labels, seed);

const folder = join('runs', experiment.name);
const pseudoFile = join(folder, 'runs', 'unjudged', category, `seed-${seed}`, 'rounds', 'round-1', 'pseudo.jsonl');
const pseudo = await readPseudoTriplets(pseudoFile);
const shared = readdirSync(join(folder, 'labels')).find(
  (name) => JSON.parse(readFileSync(join(folder, 'labels', name, 'config.json'), 'utf8')).seed === seed,
);
const judge = await RetrievalModel.open(join(folder, 'labels', shared, 'limn'));
const reader = await judge.openReader();

/** Which of 100 drawn targets each target is nearest to. */
async function regions() {
  const images = await reader.read({ images: whole.images, vocabulary: judge.parts.vocabulary });
  const ids = [...new Set(pseudo.map(({ target }) => target))];
  const rows = ids.map((id) => images.rowOf(id));
  const { data, width } = scoreVectors(await judge.embedTargets(images, rows), judge.config.gamma);
  await images.close();
  const random = Random.derive(seed, 'clusters');
  const centres = Array.from({ length: 100 }, () => random.below(ids.length));
  const similarity = (a, b) => dot(data, a * width, data, b * width, width);
  const nearest = (row) =>
    centres.map((centre) => similarity(row, centre)).reduce((best, x, i, all) => (x > all[best] ? i : best), 0);
  return new Map(ids.map((id, row) => [id, nearest(row)]));
}

/** The better half of each group. @param score greater is better */
async function betterHalf(score) {
  const regionOf = await regions();
  const groups = new Map();
  for (const one of pseudo) {
    const key = `${regionOf.get(one.target)} ${one.strategy}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const share = (settings.mix.ratio * labelled.triplets.length) / pseudo.length;
  const better = new Set(
    [...groups.values()].flatMap((group) => group.sort((a, b) => score(b) - score(a)).slice(0, Math.round(share * group.length))),
  );
  return (one) => better.has(one);
}

/** Colours and sexes of the dataset's pictures. */
function readStyles() {
  const lines = readFileSync(join(experiment.dataset.directory, 'styles.csv'), 'utf8').trim().split('\n').slice(1);
  return new Map(
    lines.map((line) => {
      const [id, sex, , , , colour] = line.toLowerCase().split(',');
      return [id, { sex: sex === 'unisex' ? 'everyone' : sex, colour }];
    }),
  );
}

const styles = readStyles();
const colours = [...new Set([...styles.values()].map(({ colour }) => colour))].filter(Boolean);
/** Whether the colour and the sex that a text says of the target are right; undefined where it says neither. */
function isRight({ text, target }) {
  const said = [` ${text} `].flatMap((words) => [
    ...colours.filter((colour) => new RegExp(`(is|becomes|a) ${colour}( | colour )`).test(words)).slice(-1),
    ...(words.match(/for (women|men|everyone|boys|girls)/)?.slice(1) ?? []),
  ]);
  const { sex, colour } = styles.get(target);
  return said.length === 0 ? undefined : said.every((word) => word === sex || word === colour);
}

/** Of the order "rank". */
const { rank = 10, margin = 0 } = settings.judge;

const accepts = {
  all: () => () => true,
  rank: () => (one) => one.rank <= rank && (one.margin ?? 0) >= margin,
  beyond: () => (one) => one.rank > rank,
  likelihood: () => betterHalf(({ likelihood }) => likelihood),
  near: () => betterHalf(({ rank, margin }) => 0.001 * margin - rank),
  true: () => (one) => isRight(one) !== false,
};

for (const way of ways) {
  const accepted = await accepts[way]();
  const chosen = pseudo.map((one) => ({ ...one, verdict: accepted(one) ? 'accepted' : 'refused' }));
  const kept = chosen.filter(({ verdict }) => verdict === 'accepted');
  const judged = kept.map(isRight).filter((right) => right !== undefined);
  const triplets = acceptedTriplets(chosen, pseudoFile);
  const mixed = { labelled, pseudo: triplets, pool: whole.images, settings: settings.mix, seed: roundSeed(seed, 1) };
  const split = mixTriplets(mixed);
  const out = await mkdtemp(join(tmpdir(), 'limn-judge-'));
  const { bestRecall } = await train({
    train: split,
    val,
    reader,
    dataset: {},
    seed,
    out,
    model,
    training: { ...training, ...settings.retraining.limn, protocol: experiment.protocol },
  });
  await rm(out, { recursive: true });
  const used = split.triplets.length - labelled.triplets.length;
  const right = judged.filter(Boolean).length / judged.length;
  console.log(JSON.stringify({ seed, way, accepted: kept.length, used, right: Number(right.toFixed(3)), recall: bestRecall }));
}
await reader.close();
await judge.close();
