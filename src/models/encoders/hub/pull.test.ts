import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { clipSizes, writeRandomClip } from '../../../../test/support/clip/random-clip.js';
import type { LimnError } from '../../../core/errors.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { end, HubServer, sendRange } from '../testing/hub-server.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import {
  checkHubEncoder,
  encoderFolder,
  findEncoderFolder,
  listHubEncoders,
  openHubEncoder,
  readEncoderFolder,
} from './encoder-folder.js';
import { type PullOptions, pullEncoder } from './pull.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-pull-'));
const repo = 'tiny/clip';
const vision = 'onnx/vision_model.onnx';
let hub: HubServer;
let home: string;
let commit: string;

beforeAll(async () => {
  await writeRandomClip(join(scratch, 'clip'), clipSizes.tiny);
  hub = await HubServer.start();
});
afterAll(async () => {
  await hub.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  home = mkdtempSync(join(scratch, 'home-'));
  for (const name of ['HF_TOKEN', 'HF_ENDPOINT', 'LIMN_HUB_ENDPOINT', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('LIMN_HOME', home);
  commit = hub.add(repo, join(scratch, 'clip'));
  Object.assign(hub, { hook: undefined, token: undefined, listsHashes: true });
  hub.requests.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const pull = (options: PullOptions = {}) => pullEncoder(repo, { mirror: hub.endpoint, retryDelayMs: 1, ...options });

async function failure(work: Promise<unknown>): Promise<LimnError> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ name: 'LimnError' });
  expect(error.message).not.toContain('\n');
  return error;
}

/** What is never true after a failed pull. */
async function expectNothingWhole(name = repo): Promise<void> {
  expect(await findEncoderFolder(name)).toBeUndefined();
  expect(await listHubEncoders()).toEqual([]);
  const onnx = join(encoderFolder(name), 'onnx');
  const entries = existsSync(onnx) ? readdirSync(onnx) : [];
  expect(entries.filter((entry) => !/\.part(\.etag)?$/.test(entry))).toEqual([]);
}

describe('pullEncoder', () => {
  it('brings an encoder of pictures and texts, pinned to a commit', async () => {
    const shown: number[] = [];
    const encoder = await pull({ revision: 'v1', onProgress: ({ done, total }) => shown.push(done / total) });
    expect(encoder).toMatchObject({ name: repo, folder: join(home, 'encoders', 'tiny--clip') });
    expect(
      hub.requests.filter(({ path }) => path.includes('/resolve/')).every(({ path }) => path.includes(`/resolve/${commit}/`)),
    ).toBe(true);
    const content = await readEncoderFolder(encoder.folder);
    expect(content.source).toEqual({ endpoint: hub.endpoint, repo, revision: 'v1', commit });
    expect(Object.keys(content.files)).toHaveLength(6);
    expect(shown.at(-1)).toBe(1);
    expect(readdirSync(join(encoder.folder, 'onnx')).sort()).toEqual(['text_model.onnx', 'vision_model.onnx']);
    for (const name of [repo, 'clip', encoder.folder]) expect((await openHubEncoder(name)).folder).toBe(encoder.folder);

    const images = await OnnxImageEncoder.fromWeights(encoder.image!.description, encoder.image!.weights);
    expect([images.local, images.global]).toEqual([{ tokens: 16, channels: 24 }, { channels: 12 }]);
    expect(images.image).toMatchObject({ size: 32, resampling: 'pillow-bicubic', fit: 'cover' });
    await images.close();
    const texts = await OnnxTextEncoder.open(encoder.text!.description, encoder.text!.files);
    expect([texts.local, texts.global]).toEqual([{ tokens: 20, channels: 16 }, { channels: 12 }]);
    await texts.close();
  });

  it('asks for a listing only when all is there, and for files again with force', async () => {
    const { folder } = await pull();
    const before = statSync(join(folder, vision)).mtimeMs;
    hub.requests.length = 0;
    const said: string[] = [];
    await pull({ logger: { info: (line) => void said.push(line), warn() {} } });
    expect(said).toEqual([`${repo} at ${commit.slice(0, 8)} is here already.`]);
    expect(hub.requests).toHaveLength(1);
    await pull({ force: true });
    expect(hub.contentRequests(vision)).toHaveLength(1);
    expect(statSync(join(folder, vision)).mtimeMs).toBeGreaterThan(before);
  });

  it('goes on after a dropped connection, where it was', async () => {
    let cuts = 0;
    hub.hook = (request, response, content) => {
      if (request.server !== 'store' || !request.path.endsWith(vision) || cuts >= 3) return false;
      cuts++;
      sendRange(request, response, content!, 10_000);
      return true;
    };
    const encoder = await pull();
    const ranges = hub.contentRequests(vision).map(({ headers }) => headers.range);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true);
    expect(hub.contentRequests(vision)[1]!.headers['if-range']).toMatch(/^"store-/);
    expect(readFileSync(join(encoder.folder, vision))).toEqual(readFileSync(join(scratch, 'clip', vision)));
    expect(await checkHubEncoder(repo)).toEqual([]);
  });

  it('leaves a part when a download keeps breaking, and goes on with it in the next call', async () => {
    hub.hook = (request, response, content) => {
      if (request.server !== 'store' || !request.path.endsWith(vision)) return false;
      if (request.headers.range) response.destroy();
      else sendRange(request, response, content!, 20_000);
      return true;
    };
    const error = await failure(pull({ attempts: 3 }));
    expect(error.code).toBe('IO');
    expect(error.message).toMatch(/^Cannot reach http.*\. Check the network/);
    await expectNothingWhole();
    const [part] = readdirSync(join(encoderFolder(repo), 'onnx')).filter((name) => name.endsWith('.part'));
    expect(part).toMatch(/^vision_model\.onnx\.[0-9a-f]{12}\.part$/);
    hub.hook = undefined;
    hub.requests.length = 0;
    await pull();
    expect(hub.contentRequests(vision).map(({ headers }) => headers.range)).toEqual([expect.stringMatching(/^bytes=\d{4,}-$/)]);
  });

  it('starts again when the store has another file by then', async () => {
    const wrong = Buffer.alloc(30_000, 7);
    hub.hook = (request, response) => {
      if (request.server !== 'store' || !request.path.endsWith(vision)) return false;
      sendRange(request, response, wrong, 9000);
      return true;
    };
    await failure(pull({ attempts: 1 }));
    hub.hook = undefined;
    const encoder = await pull();
    expect(readFileSync(join(encoder.folder, vision))).toEqual(readFileSync(join(scratch, 'clip', vision)));
  });

  it.each([
    [true, vision],
    [false, vision],
    [true, 'config.json'],
  ])('removes a file with a wrong hash (listing with hashes: %s, %s)', async (listsHashes, path) => {
    hub.listsHashes = listsHashes;
    hub.hook = (request, response) => {
      if (!request.path.endsWith(`/${path}`)) return false;
      const right = hub.repos.get(repo)!.files.get(path)!;
      const content = Buffer.from(right);
      content[content.length >> 1]! ^= 1;
      if (request.server === 'hub' && path === vision) return false;
      response.writeHead(200, { 'content-length': content.length }).end(content);
      return true;
    };
    const error = await failure(pull());
    expect(error.code).toBe('DATA');
    expect(error.message).toContain(`${path} of ${repo} came with the wrong hash (not `);
    await expectNothingWhole();
    const folder = encoderFolder(repo);
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).startsWith(path))).toEqual([]);
  });

  it('refuses a file that is longer than the listing says', async () => {
    hub.hook = (request, response, content) => {
      if (request.server !== 'store' || !request.path.endsWith(vision)) return false;
      response.writeHead(200).end(Buffer.concat([content!, Buffer.alloc(10)]));
      return true;
    };
    expect((await failure(pull())).message).toMatch(
      /vision_model\.onnx of tiny\/clip is \d+ bytes, not \d+\. Try another mirror\.$/,
    );
    await expectNothingWhole();
  });

  it('sends a token to the hub and to nobody it redirects to', async () => {
    hub.token = 'hf_secret';
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    await pull();
    expect(
      hub.requests.filter(({ server }) => server === 'hub').every(({ headers }) => headers.authorization === 'Bearer hf_secret'),
    ).toBe(true);
    const store = hub.requests.filter(({ server }) => server === 'store');
    expect(store.length).toBeGreaterThan(1);
    expect(store.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('says what a token is needed for, or that this one does not do', async () => {
    hub.token = 'right';
    const without = await failure(pull());
    expect(without.message).toBe(
      `${hub.endpoint} does not show ${repo} without a token: check the name, or accept the terms at ${hub.endpoint}/${repo} and give a token with --token or HF_TOKEN (401).`,
    );
    const wrong = await failure(pull({ token: 'wrong' }));
    expect(wrong.message).toContain(`does not let this token read ${repo}`);
    expect(wrong.message).not.toContain('wrong');
    await expectNothingWhole();
  });

  it('says what exists where something does not', async () => {
    expect((await failure(pullEncoder('tiny/other', { mirror: hub.endpoint }))).message).toBe(
      `There is no tiny/other at ${hub.endpoint}, or no revision "main" of it (404). Check the name at ${hub.endpoint}.`,
    );
    expect((await failure(pull({ revision: 'v2' }))).message).toBe(`${repo} has no revision "v2" (404). It has main, v1.`);
    expect((await failure(pull({ dtype: 'fp16' }))).message).toBe(
      `${repo} at main has no vision_model with dtype fp16: it has fp32.`,
    );
    hub.add('tiny/torch', join(scratch, 'clip'));
    for (const path of hub.repos.get('tiny/torch')!.files.keys())
      if (path.endsWith('.onnx')) hub.repos.get('tiny/torch')!.files.delete(path);
    expect((await failure(pullEncoder('tiny/torch', { mirror: hub.endpoint }))).message).toMatch(
      /^tiny\/torch at main has no onnx\/vision_model\.onnx: it has no ONNX files\. Take one in the layout of transformers\.js/,
    );
    hub.repos.get(repo)!.files.delete('preprocessor_config.json');
    expect((await failure(pull())).message).toContain('has no preprocessor_config.json');
    await expectNothingWhole();
  });

  it('takes the conversion of Xenova for a repository without ONNX files', async () => {
    const files = { 'pytorch_model.bin': Buffer.from('x') };
    hub.repos.set('openai/clip', { commit: 'a'.repeat(40), files: new Map(Object.entries(files)) });
    const converted = hub.add('Xenova/clip', join(scratch, 'clip'));
    const { folder } = await pullEncoder('openai/clip', { mirror: hub.endpoint });
    expect(folder).toBe(join(home, 'encoders', 'openai--clip'));
    expect((await readEncoderFolder(folder)).source).toMatchObject({ repo: 'Xenova/clip', commit: converted });
    hub.repos.delete('Xenova/clip');
    hub.repos.delete('openai/clip');
  });

  it('waits as long as a busy hub asks, and gives up with its words', async () => {
    let busy = 2;
    hub.hook = (request, response) => {
      if (!request.path.endsWith('/config.json') || busy-- <= 0) return false;
      end(response, 429, { 'retry-after': '1' });
      return true;
    };
    const started = performance.now();
    await pull();
    expect(performance.now() - started).toBeGreaterThan(1900);
    hub.hook = (_, response) => {
      end(response, 429, { 'retry-after': '7200' });
      return true;
    };
    hub.requests.length = 0;
    expect((await failure(pull({ force: true }))).message).toBe(
      `${hub.endpoint} accepts no more requests now (429): try again in 7200 s or give a token with --token.`,
    );
    expect(hub.requests).toHaveLength(1);
    // The encoder that was there is still whole.
    expect(await checkHubEncoder(repo)).toEqual([]);
  });

  it('tries again when the hub stumbles', async () => {
    let stumbles = 2;
    hub.hook = (_, response) => {
      if (stumbles-- <= 0) return false;
      end(response, 503);
      return true;
    };
    await pull();
    expect(hub.requests[2]!.path).toContain('/api/models/');
    hub.hook = (_, response) => {
      end(response, 500);
      return true;
    };
    expect((await failure(pull({ attempts: 2 }))).message).toMatch(/ answers 500\. Try again later or another mirror\.$/);
  });

  it('replaces an older commit only when all of the new one is there, and gets only what is new', async () => {
    const { folder } = await pull();
    await writeRandomClip(join(scratch, 'other'), clipSizes.tiny, { seed: 5 });
    const changed = readFileSync(join(scratch, 'other', vision));
    const next = hub.add(repo, join(scratch, 'clip'), { [vision]: changed });
    hub.hook = (request, response) => {
      if (request.server === 'store') end(response, 404);
      return request.server === 'store';
    };
    expect((await failure(pull())).message).toBe(`${repo} has no ${vision} at ${next} (404).`);
    expect((await readEncoderFolder(folder)).source?.commit).toBe(commit);
    expect(await checkHubEncoder(repo)).toEqual([]);
    hub.hook = undefined;
    hub.requests.length = 0;
    await pull();
    expect(hub.requests.filter(({ server }) => server === 'store').map(({ path }) => path.endsWith(vision))).toEqual([true]);
    expect((await readEncoderFolder(folder)).source?.commit).toBe(next);
    expect(readFileSync(join(folder, vision))).toEqual(changed);
    expect(await checkHubEncoder(repo)).toEqual([]);
  });

  it('takes another kind of weights, and leaves none of the last', async () => {
    const files = hub.repos.get(repo)!.files;
    for (const tower of ['vision', 'text']) {
      files.set(`onnx/${tower}_model_quantized.onnx`, files.get(`onnx/${tower}_model.onnx`)!);
    }
    await pull();
    const { folder, image } = await pull({ dtype: 'q8' });
    expect(image!.description.file).toBe('tiny--clip/onnx/vision_model_quantized.onnx');
    expect(readdirSync(join(folder, 'onnx')).sort()).toEqual(['text_model_quantized.onnx', 'vision_model_quantized.onnx']);
    expect(await checkHubEncoder(repo)).toEqual([]);
  });

  it('leaves no encoder where the files came but cannot be used, and tells why each time without getting them again', async () => {
    const settings = { ...JSON.parse(readFileSync(join(scratch, 'clip', 'preprocessor_config.json'), 'utf8')), resample: 9 };
    hub.add(repo, join(scratch, 'clip'), { 'preprocessor_config.json': Buffer.from(JSON.stringify(settings)) });
    for (const asked of [2, 0]) {
      hub.requests.length = 0;
      expect((await failure(pull())).message).toMatch(
        /preprocessor_config\.json asks for an image preprocessing that limn does not support: "resample" 9/,
      );
      expect(await findEncoderFolder(repo)).toBeUndefined();
      expect(hub.requests.filter(({ server }) => server === 'store').length).toBeGreaterThanOrEqual(asked);
      if (asked === 0) expect(hub.requests).toHaveLength(1);
    }
  });

  it('waits for another pull of the same encoder, and then finds it there', async () => {
    const said: string[][] = [[], []];
    const logger = (i: number) => ({ info: (message: string) => said[i]?.push(message), warn: () => {} });
    // The first file that is sent is held back until the second pull waits.
    let open = () => {};
    const waits = new Promise<void>((resolve) => {
      open = resolve;
    });
    let held = false;
    hub.hook = (_request, response, content) => {
      if (held || !content) return false;
      held = true;
      void waits.then(() => response.end(content));
      return true;
    };
    const first = pull({ logger: logger(0) });
    await vi.waitFor(() => expect(held).toBe(true));
    const second = pull({ logger: logger(1) });
    await vi.waitFor(() => expect(said[1]).toHaveLength(1));
    const stop = new AbortController();
    const third = failure(pull({ signal: stop.signal }));
    setTimeout(() => stop.abort(), 50);
    expect((await third).code).toBe('INTERRUPTED');
    open();
    expect(await second).toEqual(await first);
    expect(said).toEqual([
      [],
      [
        expect.stringMatching(/^Another pull or import works on .*tiny--clip; waiting/),
        expect.stringContaining('is here already'),
      ],
    ]);
    const asked = hub.requests
      .filter(({ server, path }) => server === 'hub' && path.includes('/resolve/'))
      .map(({ path }) => path);
    expect(new Set(asked).size).toBe(asked.length);
    expect(readdirSync(join(home, 'encoders'))).toEqual(['tiny--clip']);
  });

  it('notices files that were changed', async () => {
    const { folder } = await pull();
    writeFileSync(join(folder, 'config.json'), '{}');
    rmSync(join(folder, 'tokenizer.json'));
    const bytes = readFileSync(join(folder, vision));
    bytes[5000]! ^= 1;
    writeFileSync(join(folder, vision), bytes);
    const problems = await checkHubEncoder('clip');
    expect(problems.sort()).toEqual([
      expect.stringMatching(/^config\.json is 2 bytes, not \d+$/),
      'onnx/vision_model.onnx has another content than when it came',
      'tokenizer.json is missing',
    ]);
  });

  it('stops when it is told to, and when the disk is full', async () => {
    const stop = new AbortController();
    hub.hook = (request, response, content) => {
      if (request.server !== 'store') return false;
      sendRange(request, response, content!, 5000);
      stop.abort();
      return true;
    };
    expect((await failure(pull({ signal: stop.signal }))).code).toBe('INTERRUPTED');
    await expectNothingWhole();
    hub.hook = undefined;
    const onnx = join(encoderFolder(repo), 'onnx');
    const hash = createHash('sha256').update(hub.repos.get(repo)!.files.get(vision)!).digest('hex');
    const part = `vision_model.onnx.${hash.slice(0, 12)}.part`;
    rmSync(join(onnx, part), { force: true });
    symlinkSync('/dev/full', join(onnx, part));
    expect((await failure(pull())).message).toMatch(/^The disk is full: .*Make room or set LIMN_HOME to another disk/);
    rmSync(join(onnx, part));
    await pull();
  });

  it('refuses what the disk has no room for before it begins', async () => {
    hub.hook = (request, response) => {
      if (!request.path.includes('/api/')) return false;
      const siblings = [...hub.repos.get(repo)!.files.keys()].map((rfilename) => ({ rfilename, size: 1e15 }));
      response.writeHead(200).end(JSON.stringify({ sha: commit, siblings }));
      return true;
    };
    expect((await failure(pull())).message).toMatch(/MB free and the encoder needs \d+: make room or set LIMN_HOME/);
    expect(hub.requests).toHaveLength(1);
  });

  it('explains hubs that are none, and names that cannot be', async () => {
    hub.hook = (_, response) => {
      response.writeHead(200).end('<html>Welcome</html>');
      return true;
    };
    expect((await failure(pull())).message).toMatch(/did not answer with JSON: .* Is it a mirror of the Hub\?$/);
    hub.hook = (_, response) => {
      response.writeHead(200).end('{"sha": "x"}');
      return true;
    };
    expect((await failure(pull())).message).toMatch(/does not list a repository: sha: is not a commit\./);
    expect((await failure(pull({ mirror: 'nowhere' }))).message).toBe(
      '"nowhere" is not the address of a hub: give one such as https://huggingface.co.',
    );
    expect((await failure(pull({ mirror: 'http://127.0.0.1:9', attempts: 2 }))).message).toMatch(/^Cannot reach .*ECONNREFUSED/);
    for (const name of ['../up', 'a/b/c', 'a b', '..']) expect((await failure(pullEncoder(name))).code).toBe('USAGE');
  });

  it('goes through a proxy, except to hosts that need none', async () => {
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    await pull();
    expect(tunnels).toContain(new URL(hub.endpoint).host);
    tunnels.length = 0;
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    await pull({ force: true });
    expect(tunnels).toEqual([]);
    proxy.closeAllConnections();
    proxy.close();
  });
});
