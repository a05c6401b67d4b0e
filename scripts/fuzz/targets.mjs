/**
 * Every parser of outside input that can be given bytes: its name, right inputs to change, and how it is called. A value or an error that limn
 * throws on purpose is a right outcome. The parsers are those of dist.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpTarget } from './http.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const fixture = (name) => readFileSync(join(root, 'test', 'fixtures', name));
const json = (value) => Buffer.from(JSON.stringify(value));
const texts = (...all) => all.map((text) => Buffer.from(text));

let scratch;
/** A folder of the process, where a target's bytes become a file. */
function file(name, bytes) {
  if (scratch === undefined) {
    scratch = mkdtempSync(join(tmpdir(), 'limn-fuzz-'));
    process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  }
  mkdirSync(dirname(join(scratch, name)), { recursive: true });
  writeFileSync(join(scratch, name), bytes);
  return join(scratch, name);
}
const parsed = (bytes) => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return bytes.toString('utf8');
  }
};

/** A safetensors file of one tensor, and an npy file. */
const safetensors = (() => {
  const head = Buffer.from(
    JSON.stringify({ a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }, __metadata__: { ids: '["a","b"]' } }),
  );
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([size, head, Buffer.alloc(16, 1)]);
})();
const npy = (() => {
  const head = Buffer.from("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".padEnd(117).concat('\n'));
  const size = Buffer.alloc(2);
  size.writeUInt16LE(head.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, head, Buffer.alloc(16, 1)]);
})();

/** A whole gallery of two items: its files by name. */
const smallGallery = await (async () => {
  const { MemoryStore } = await built('search/store/memory/memory-store.js');
  const folder = { relative: '.', absolute: '/images' };
  const info = {
    model: { hash: 'a'.repeat(64), encoder: 'patch', folder },
    gamma: 1,
    sizes: { width: 4, factors: 2, projection: 2 },
  };
  const place = mkdtempSync(join(tmpdir(), 'limn-fuzz-gallery-'));
  try {
    const item = (id) => ({
      id,
      location: id,
      content: 'b'.repeat(64),
      metadata: { price: 1, name: 'x' },
      matching: Float32Array.of(1, 0, 0, 0),
      factors: Float32Array.of(1, 0, 0, 1),
    });
    const right = [item('a.jpg'), item('b.jpg')];
    const store = await MemoryStore.create(place, info, { items: right.slice(0, 1) });
    await store.upsert(right.slice(1));
    await store.close();
    const names = readdirSync(place).filter((name) => /json$|log$|ack$/.test(name));
    return { info, names, right, ...Object.fromEntries(names.map((name) => [name, readFileSync(join(place, name))])) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
})();

/** What was acknowledged is there, or damage was said before. @throws Error where it is not */
async function refuseLoss(snapshot) {
  const { rows } = snapshot;
  const { right } = smallGallery;
  for (const { id, metadata, matching, factors } of right) {
    const row = rows.rowOf.get(id);
    if (row === undefined) throw new Error(`loses ${id} without a word`);
    const found = await snapshot.vectors(row);
    const text = (value) => JSON.stringify(value);
    const same = text(rows.items[row].metadata) === text(metadata);
    if (!same || text([...found.matching, ...found.factors]) !== text([...matching, ...factors])) {
      throw new Error(`has another ${id} without a word`);
    }
  }
  if (rows.rowOf.size !== right.length) throw new Error(`has ${rows.rowOf.size} items, and ${right.length} were written`);
}

const tokenizer = json({
  version: '1.0',
  added_tokens: [{ id: 4, content: '<end>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }],
  normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, a: 1, red: 2, dress: 3, '<end>': 4 },
  },
});
const tokenizerConfig = json({ tokenizer_class: 'BertTokenizer', model_max_length: 77, unk_token: '[UNK]' });

/** The program whose commands do nothing. */
async function idleProgram() {
  const { newProgram } = await built('apps/cli/program.js');
  const program = await newProgram();
  const silence = (command) => {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(silence);
  };
  silence(program);
  return program;
}

/** @throws Error where fewer or more come than were counted */
const consume = async (list) => {
  let count = 0;
  for await (const _ of list.images()) count++;
  if (count !== list.total) throw new Error(`lists ${list.total} images and gives ${count}`);
};
const listTarget = (extension, seeds) => ({
  name: `list.${extension}`,
  seeds,
  run: async (bytes) => {
    const { listFile } = await built('search/gallery/ingest/list-file.js');
    await consume(await listFile(file(`list.${extension}`, bytes), scratch));
  },
});
const metadataTarget = (extension, seeds) => ({
  name: `metadata.${extension}`,
  seeds,
  run: async (bytes) => {
    const { metadataFile } = await built('search/gallery/ingest/list-file.js');
    await metadataFile(file(`metadata.${extension}`, bytes));
  },
});

/** A reader of a dataset whose files are all right but for the one that is changed, and whose images are there. */
const dataset = (name, module, reader, path, seeds, images, others = {}, options = {}) => ({
  name: `dataset ${name} ${path}`,
  seeds,
  run: async (bytes) => {
    const read = (await built(`learning/data/${module}.js`))[reader];
    for (const [other, content] of Object.entries(others)) file(`${name}/${other}`, content);
    for (const image of images) file(`${name}/${image}`, '');
    const whole = file(`${name}/${path}`, bytes);
    const directory = whole.slice(0, -path.length - 1);
    await read({ directory, split: 'train', ...options });
  },
});

const lines = (...rows) => Buffer.from(`${rows.join('\n')}\n`);
const csv = texts(
  'path,price,sold,name\na.jpg,12.5,true,"a, ""red"" one"\nb.jpg,,false,b\n',
  'id;path;a\n1;a.jpg;2\n',
  '\ufeffpath\r\na.jpg\r\n',
);
const jsonl = texts(
  '{"path":"a.jpg","price":1,"on":true,"x":null}\n{"path":"b.jpg","id":"b"}\n',
  '{"url":"https://example.com/a.jpg"}\n',
);
const parquet = [
  // Columns path (a.jpg, b.jpg) and price (1.5, 2).
  Buffer.from(
    'UEFSMRUAFSQVJCwVBBUAFQYVBgAABQAAAGEuanBnBQAAAGIuanBnFQAVIBUgLBUEFQAVBhUGAAAAAAAAAAD4PwAAAAAAAABAFQQZPEgGc2NoZW1hFQQAFQwlABgEcGF0aCUAABUKJQAYBXByaWNlABYEGRwZLCYIHBUMGRUAGRgEcGF0aBUAFgQWRhZGJggAACZOHBUKGRUAGRgFcHJpY2UVABYEFkIWQiZOAAAWiAEWBAAAbAAAAFBBUjE=',
    'base64',
  ),
  // A file with its two magic numbers and an empty footer.
  Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(64, 0x15), Buffer.from([8, 0, 0, 0]), Buffer.from('PAR1')]),
];
const filters = texts(
  "price < 50 and (colour = 'red' or not brand in ('a', 'b')) and name contains 'x'",
  "a = 'it''s' and b != -1.5e3 or c >= .5",
  'on_sale = true',
  'constructor = 1',
);
const description = readdirSync(join(root, 'configs', 'encoders')).map((name) =>
  readFileSync(join(root, 'configs', 'encoders', name)),
);
const experiments = readdirSync(join(root, 'experiments'))
  .map((name) => readFileSync(join(root, 'experiments', name, 'experiment.json'), 'utf8'))
  // Variables that name folders are not set here.
  .map((text) => Buffer.from(text.replaceAll(/"\$\{?\w+\}?/g, '"folder')));

export const targets = [
  {
    name: 'multipart',
    seeds: texts(
      '--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\nxx\r\n--b--\r\n',
    ),
    run: async (bytes) => (await built('apps/server/request/multipart.js')).parseMultipart(bytes, 'b', 20),
  },
  {
    name: 'content type',
    seeds: texts('multipart/form-data; boundary=b', 'multipart/form-data; charset=utf-8; boundary="a b"'),
    run: async (bytes) => (await built('apps/server/request/multipart.js')).boundaryOf(bytes.toString('latin1')),
  },
  {
    name: 'request schema',
    seeds: [json({ references: [{ id: 'a' }, { file: 'f' }], texts: ['in red'], k: 10, filter: 'a = 1', cursor: 'x' })],
    run: async (bytes) => {
      const { search, itemId, metadata } = await built('apps/server/contract.js');
      for (const schema of [search, itemId, metadata]) schema.safeParse(parsed(bytes));
    },
  },
  {
    name: 'filter',
    seeds: filters,
    run: async (bytes) => {
      const { parseFilter } = await built('search/store/filter-parse.js');
      const { filterSql: lance } = await built('search/store/lancedb/sql.js');
      const { filterSql: postgres, SqlParameters } = await built('search/store/pgvector/sql.js');
      const filter = parseFilter(bytes.toString('utf8'));
      lance(filter, new Set(['n:price', 't:colour']));
      postgres(filter, new SqlParameters());
    },
  },
  listTarget('csv', csv),
  listTarget('tsv', texts('path\tprice\na.jpg\t1\n')),
  listTarget('jsonl', jsonl),
  // Every file has a process of its own.
  { ...listTarget('parquet', parquet), cost: 40 },
  metadataTarget('csv', csv),
  metadataTarget('jsonl', jsonl),
  { name: 'npy', seeds: [npy], run: async (bytes) => (await built('engine/tensor/npy.js')).decodeNpy(bytes, 'it') },
  {
    name: 'safetensors',
    seeds: [safetensors],
    run: async (bytes) => (await built('engine/tensor/safetensors.js')).decodeSafetensors(bytes, 'it'),
  },
  ...['npy', 'safetensors'].map((extension) => ({
    name: `vectors.${extension}`,
    seeds: [extension === 'npy' ? npy : safetensors],
    run: async (bytes) => (await built('learning/eval/vector-files.js')).readVectorFile(file(`vectors.${extension}`, bytes)),
  })),
  {
    name: 'ids',
    seeds: texts('a\nb\n', '\ufeffa\r\nb'),
    run: async (bytes) =>
      (await built('learning/eval/vector-files.js')).readVectorFile(file('v.npy', npy), file('ids.txt', bytes)),
  },
  {
    name: 'onnx',
    seeds: ['import-block-17.onnx', 'import-clip-script.onnx', 'import-resnet.onnx']
      .map(fixture)
      .sort((a, b) => a.length - b.length)
      .slice(0, 2),
    run: async (bytes) => (await built('engine/graph/import/read.js')).readModel(bytes),
  },
  {
    name: 'encoder description',
    seeds: description,
    run: async (bytes) => (await built('models/encoders/image/description.js')).parseDescription(parsed(bytes), 'it'),
  },
  {
    name: 'preprocessor',
    seeds: [
      json({
        image_processor_type: 'CLIPImageProcessor',
        do_resize: true,
        size: { shortest_edge: 224 },
        resample: 3,
        do_center_crop: true,
        crop_size: { height: 224, width: 224 },
        do_rescale: true,
        rescale_factor: 1 / 255,
        do_normalize: true,
        image_mean: [0.5, 0.5, 0.5],
        image_std: [0.5, 0.5, 0.5],
        do_convert_rgb: true,
      }),
    ],
    run: async (bytes) => (await built('models/encoders/hub/preprocessor.js')).readPreprocessor(parsed(bytes), 'it'),
  },
  {
    name: 'vocabulary',
    seeds: [
      json({ format: 'limn-vocabulary-1', buckets: 32, words: ['the', 'red'] }),
      ...texts('the same in RED, with long sleeves; don\u2019t'),
    ],
    run: async (bytes) => {
      const { Vocabulary, tokenize } = await built('models/encoders/text/vocabulary.js');
      tokenize(bytes.toString('utf8'));
      Vocabulary.fromJSON(parsed(bytes));
    },
  },
  {
    name: 'spelling',
    seeds: [json({ colur: 'colour' })],
    run: async (bytes) => {
      const { readCorrections, protocolText } = await built('learning/data/spelling.js');
      protocolText([bytes.toString('utf8')], await readCorrections(file('spelling.json', bytes)));
    },
  },
  dataset(
    'fashioniq',
    'fashioniq',
    'readFashionIQ',
    'captions/cap.dress.train.json',
    [json([{ candidate: 'a', target: 'b', captions: ['is red', 'has sleeves'] }])],
    ['images/a.jpg', 'images/b.jpg'],
    { 'image_splits/split.dress.train.json': '["a","b"]' },
    { category: 'dress' },
  ),
  dataset(
    'fashioniq2',
    'fashioniq',
    'readFashionIQ',
    'image_splits/split.dress.train.json',
    [json(['a', 'b'])],
    ['images/a.jpg', 'images/b.jpg'],
    { 'captions/cap.dress.train.json': '[{"candidate":"a","target":"b","captions":["x","y"]}]' },
    { category: 'dress' },
  ),
  dataset(
    'shoes',
    'shoes',
    'readShoes',
    'relative_captions_shoes.json',
    [json([{ ImageName: 'a.jpg', ReferenceImageName: 'b.jpg', RelativeCaption: 'are red' }])],
    ['a.jpg', 'b.jpg'],
    { 'train_im_names.txt': 'a.jpg\nb.jpg\n', 'eval_im_names.txt': 'c.jpg\n' },
  ),
  dataset(
    'birds',
    'birds-to-words',
    'readBirdsToWords',
    'birds-to-words-v1.0.tsv',
    [
      lines(
        'img1ObservationURL\timg1ImgURL\timg2ObservationURL\timg2ImgURL\tsplit\tdescription',
        'https://x/1\thttps://x/photos/1/a.jpg\thttps://x/2\thttps://x/photos/2/a.jpg\ttrain\tanimal1 is red',
      ),
    ],
    ['images/1.jpg', 'images/2.jpg'],
  ),
  dataset(
    'cirr',
    'cirr',
    'readCirr',
    'captions/cap.rc2.train.json',
    [
      json([
        {
          pairid: 1,
          reference: 'a',
          target_hard: 'b',
          target_soft: { b: 1 },
          caption: 'x',
          img_set: { id: 1, members: ['a', 'b'], reference_rank: 1, target_rank: 2 },
        },
      ]),
    ],
    ['images/train/a.png', 'images/train/b.png'],
    { 'image_splits/split.rc2.train.json': '{"a":"./train/a.png","b":"./train/b.png"}' },
  ),
  dataset(
    'fashion200k',
    'fashion200k',
    'readFashion200k',
    'labels/dress_train_detect_all.txt',
    [lines('women/dresses/1/a.jpg\t0.9\tred long dress', 'women/dresses/2/b.jpg\t0.8\tblue long dress')],
    ['women/dresses/1/a.jpg', 'women/dresses/2/b.jpg'],
  ),
  dataset(
    'triplets',
    'own-triplets',
    'readOwnTriplets',
    'triplets.train.jsonl',
    [lines('{"reference":"a.jpg","target":"b.jpg","text":"in red"}', '{"reference":"a.jpg","targets":["b.jpg"],"text":"x"}')],
    ['images/a.jpg', 'images/b.jpg'],
  ),
  {
    name: 'experiment',
    seeds: experiments,
    run: async (bytes) => (await built('learning/experiment/config.js')).readExperiment(file('experiment.json', bytes)),
  },
  {
    name: 'keys',
    seeds: [
      json({
        format: 'limn-keys-1',
        keys: [{ id: '0123abcd', scope: 'read', sha256: '0'.repeat(64), created: '2026-01-01T00:00:00.000Z', note: 'x' }],
      }),
    ],
    run: async (bytes) => (await built('apps/server/guard/keys.js')).readKeys(file('keys.json', bytes)),
  },
  {
    name: 'manifest',
    seeds: [smallGallery['gallery.json'], json({ format: 'limn-gallery-2', log: 'items-1.log', info: smallGallery.info })],
    run: async (bytes) => {
      file('gallery/gallery.json', bytes);
      await (await built('search/store/memory/manifest.js')).readManifest(join(scratch, 'gallery'));
    },
  },
  ...['items-0.log', 'items-0.ack'].map((name) => ({
    name: `gallery's ${name}`,
    seeds: [smallGallery[name]],
    run: async (bytes) => {
      for (const other of smallGallery.names) file(`whole/${other}`, other === name ? bytes : smallGallery[other]);
      const { salvage } = await built('search/store/memory/salvage.js');
      const { openSnapshot } = await built('search/store/memory/snapshot.js');
      await salvage(join(scratch, 'whole'));
      const snapshot = await openSnapshot(join(scratch, 'whole'), { threads: 1 });
      await refuseLoss(snapshot).finally(() => snapshot.retire());
    },
  })),
  {
    name: 'tokenizer',
    seeds: [tokenizer],
    run: async (bytes) => {
      const { HubTokenizer } = await built('models/encoders/text/hub-tokenizer.js');
      const opened = await HubTokenizer.open(file('tokenizer.json', bytes), file('tokenizer_config.json', tokenizerConfig));
      opened.encode('a red dress, with sleeves', 20);
    },
  },
  {
    name: 'tokenizer settings',
    seeds: [tokenizerConfig],
    run: async (bytes) => {
      const { HubTokenizer } = await built('models/encoders/text/hub-tokenizer.js');
      await HubTokenizer.open(file('tokenizer.json', tokenizer), file('tokenizer_config.json', bytes));
    },
  },
  {
    name: 'URLs',
    seeds: texts('https://example.com/a.jpg?x=1', 'http://user:word@[::1]:80/', 'http://0x7f.1/', 'file:///etc/passwd'),
    run: async (bytes) => {
      const { SafeFetcher } = await built('search/gallery/ingest/safe-fetch.js');
      const { isPublicAddress } = await built('search/gallery/ingest/addresses.js');
      // No connection is ever made.
      const allowAddress = (address) => isPublicAddress(address) && false;
      const fetcher = new SafeFetcher({ allowAddress, lookup: async () => [{ address: '10.0.0.1', family: 4 }] });
      await fetcher.fetch(bytes.toString('utf8')).finally(() => fetcher.close());
    },
  },
  {
    name: 'command line',
    cost: 4,
    prepare: idleProgram,
    seeds: texts(
      'train --data x --epochs 3 --lr 0.1 --out y --resume',
      'search --gallery g --image a.jpg --text red -k 5 --json',
      'serve --gallery a=b --port 0 --rate 5 --share 0.5 --max-body 5000',
      'index --images x --out y --store lancedb:z --metadata m.csv',
      'evaluate --model x --protocol fashioniq-val',
      'data check --data x',
      'encoders pull a/b',
    ),
    alsoThrows: (error) => error?.code?.startsWith?.('commander.'),
    run: async (bytes) => (await idleProgram()).parseAsync(bytes.toString('utf8').split(' '), { from: 'user' }),
  },
  {
    name: 'config file',
    cost: 12,
    prepare: idleProgram,
    seeds: [
      json({ search: { k: 5, json: true }, train: { epochs: 3, model: { width: 16 } }, 'data check': { dataset: 'shoes' } }),
      json({ plugins: [], serve: { port: 1 } }),
    ],
    alsoThrows: (error) => error?.code?.startsWith?.('commander.'),
    run: async (bytes) => {
      for (const words of [['search'], ['train'], ['data', 'check']])
        await (await idleProgram()).parseAsync([...words, '--config', file('limn.json', bytes)], { from: 'user' });
    },
  },
  httpTarget,
  {
    name: 'ids of items',
    seeds: texts('a/b.jpg', '../x', 'a\\b', './a'),
    run: async (bytes) => (await built('search/store/check.js')).checkId(bytes.toString('utf8')),
  },
  {
    name: 'addresses',
    seeds: texts('127.0.0.1', '::ffff:7f00:1', '100.64.0.1', '2001:db8::1', '0x7f.1'),
    run: async (bytes) => (await built('search/gallery/ingest/addresses.js')).isPublicAddress(bytes.toString('utf8')),
  },
  {
    name: 'locations',
    seeds: texts('postgres://u:p@host:5432/db?gallery=a', 's3://bucket/x?gallery=b', './folder?x&gallery=c'),
    run: async (bytes) => {
      (await built('search/store/lancedb/location.js')).lanceLocation(bytes.toString('utf8'));
      (await built('search/gallery/locations.js')).localFolder(bytes.toString('utf8'));
    },
  },
  {
    name: 'factor names',
    seeds: [json({ colour: 'red', price: 3, sale: true })],
    run: async (bytes) => {
      const { nameFactors } = await built('search/gallery/explain/factor-names.js');
      const given = parsed(bytes);
      const metadata = given !== null && typeof given === 'object' && !Array.isArray(given) ? given : { text: String(given) };
      for (const [key, value] of Object.entries(metadata)) if (value !== null && typeof value === 'object') delete metadata[key];
      await nameFactors(
        Array.from({ length: 24 }, (_, i) => ({ metadata: i % 2 ? metadata : {}, factors: Float32Array.of(i % 2, 1, 0, i) })),
        2,
      );
    },
  },
  {
    name: 'picture',
    seeds: [],
    prepare: () => createRequire(import.meta.url)('sharp'),
    run: async (bytes) => (await built('models/encoders/image/image.js')).decodeImage(bytes, { size: 16, pixelLimit: 1_000_000 }),
  },
];

/** Drawn by the program: kinds of pictures that the reader takes. */
const sharp = createRequire(import.meta.url)('sharp');
const drawn = sharp({ create: { width: 9, height: 7, channels: 3, background: 'red' } });
const images = targets.find(({ name }) => name === 'picture');
for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff']) images.seeds.push(await drawn.clone().toFormat(format).toBuffer());
