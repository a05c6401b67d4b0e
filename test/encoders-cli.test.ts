/** limn encoders, as a person meets it, against a hub on this machine. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openReader } from '../src/apps/cli/encoders.js';
import { HubServer } from '../src/models/encoders/testing/hub-server.js';
import { ImageEncoderRuntime } from '../src/models/retrieval/image-encoder-runtime.js';
import { clipSizes, writeRandomClip } from './support/clip/random-clip.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
const root = mkdtempSync(join(tmpdir(), 'limn-encoders-cli-'));
const home = join(root, 'home');
let hub: HubServer;
let commit: string;

function limn(words: string[], more: Record<string, string> = {}): Promise<{ code: number; out: string; error: string }> {
  const env = { ...process.env, LIMN_HOME: home, HF_TOKEN: '', LIMN_HUB_ENDPOINT: hub.endpoint, NO_PROXY: '127.0.0.1', ...more };
  return new Promise((done) => {
    execFile(process.execPath, [program, 'encoders', ...words], { env, cwd: root }, (failure, out, error) => {
      done({ code: failure ? Number(failure.code) : 0, out, error });
    });
  });
}

beforeAll(async () => {
  await writeRandomClip(join(root, 'clip'), clipSizes.tiny);
  hub = await HubServer.start();
  commit = hub.add('tiny/clip', join(root, 'clip'));
  expect(await limn(['pull', 'tiny/clip'])).toMatchObject({
    code: 0,
    out: `tiny/clip: pictures and texts, 32 pixels, in ${join(home, 'encoders', 'tiny--clip')}\n`,
  });
});
afterAll(async () => {
  await hub.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('limn encoders', () => {
  it('pulls, imports, lists and checks', async () => {
    const again = await limn(['pull', 'tiny/clip', '--mirror', hub.endpoint], { LIMN_HUB_ENDPOINT: 'http://127.0.0.1:9' });
    expect(again).toMatchObject({ code: 0, error: `tiny/clip at ${commit.slice(0, 8)} is here already.\n` });
    const imported = await limn(['import', 'clip', '--name', 'mine', '--json']);
    expect(JSON.parse(imported.out)).toMatchObject({ name: 'mine', picture: { size: 32 }, text: { length: 20 } });
    const { out } = await limn(['list']);
    expect(out).toMatch(
      new RegExp(`^mine +fp32 +pictures\\+texts +\\d\\.\\d MB +imported\ntiny/clip +fp32 .*at ${commit.slice(0, 8)}\n$`),
    );
    expect(JSON.parse((await limn(['list', '--json'])).out)).toHaveLength(2);
    const checked = await limn(['check', 'clip']);
    expect(checked.code).toBe(0);
    expect(checked.out).toMatch(
      /^tiny\/clip: every file is unchanged\nimages: .*\n +input +pixel_values, float32 \(\w+, 3, 32, 32\)\n/,
    );
    expect(checked.out).toMatch(/\n +local +\w+, 24 channels, 16 places\n[\s\S]*\ntexts: /);
    writeFileSync(join(home, 'encoders', 'mine', 'config.json'), '{}');
    const broken = await limn(['check', 'mine']);
    expect(broken.code).toBe(1);
    expect(broken.error).toMatch(
      /limn: mine is damaged: config\.json is 2 bytes, not \d+\. Pull it again with --force, or import it again\.\n$/,
    );
  });

  it.each([
    [['pull', 'tiny/none'], 1, /^limn: There is no tiny\/none at http/],
    [['pull', 'tiny/clip', '--dtype', 'q8'], 1, /^limn: tiny\/clip at main has no vision_model with dtype q8: it has fp32\.$/],
    [
      ['pull', 'tiny/clip', '--dtype', 'fp8'],
      2,
      /^limn: option '--dtype <kind>' argument 'fp8' is invalid\. Allowed choices are fp32, /,
    ],
    [['pull'], 2, /^limn: missing required argument 'repo'\. See "limn encoders --help"\.$/],
    [['pull', 'tiny/clip', '--mirror', 'x'], 2, /^limn: "x" is not the address of a hub/],
    [['check', 'nothing'], 2, /^limn: There is no encoder "nothing" in /],
    [['add', 'nowhere'], 1, /^limn: Cannot read the folder .*nowhere: ENOENT/],
    [['add', 'clip', '--mean', '1,2'], 2, /argument '1,2' is invalid\. It must be three numbers/],
    [['import', 'nowhere'], 1, /^limn: Cannot read the folder .*nowhere: ENOENT/],
  ])('says in one line what is wrong: %j', async (words, code, message) => {
    const ended = await limn(words);
    const lines = ended.error.trimEnd().split('\n');
    expect({ code: ended.code, out: ended.out, lines: lines.length }, ended.error).toEqual({ code, out: '', lines: 1 });
    expect(lines[0]).toMatch(message);
  });

  it('is found by --encoder, and again by a model that was trained with it', async () => {
    vi.stubEnv('LIMN_HOME', home);
    try {
      const reader = await openReader('clip', { imageSize: 32, patchSize: 16, patchLayers: 0 });
      expect(reader.config).toMatchObject({ kind: 'features', tokens: 16, channels: 24, globalChannels: 12 });
      await reader.close();
      const restored = await ImageEncoderRuntime.restore(reader.config, reader.id, reader.description, root);
      expect(restored.id).toBe(reader.id);
      await restored.close();
      await expect(openReader('clipp', { imageSize: 32, patchSize: 16, patchLayers: 0 })).rejects.toThrow(
        'There is no encoder "clipp"',
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
