/** limn doctor: is everything here that limn needs? */
import { readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import sharp from 'sharp';
import { messageOf } from '../../../core/errors.js';
import { limnHome, makeFolder } from '../../../core/files.js';
import { encodeModel, Graph, mul } from '../../../engine/graph/index.js';
import { findAdapter } from '../../../engine/runtime/adapter.js';
import { chosenDevice } from '../../../engine/runtime/device.js';
import { Session } from '../../../engine/runtime/session.js';
import { float32 } from '../../../engine/tensor/tensor.js';
import { listHubEncoders } from '../../../models/encoders/hub/encoder-folder.js';
import { loadDescription } from '../../../models/encoders/image/description.js';
import { checkGallery } from '../../../search/gallery/check-gallery.js';
import { bundledEncoders } from '../encoders.js';
import { runLong } from '../long-work.js';
import { computingCommand } from '../options.js';

interface Finding {
  name: string;
  /** `note` is worth knowing but nothing is wrong. */
  state: 'ok' | 'note' | 'broken';
  detail: string;
}

export function doctorCommand(): Command {
  return computingCommand('doctor', 'Check that everything that limn needs is installed.')
    .option('--gallery <location>', 'verify this gallery too, as "limn gallery check" does')
    .option('--json', 'print the findings as JSON')
    .action(runDoctor);
}

async function runDoctor(flags: { gallery?: string; json?: boolean }): Promise<void> {
  const { gallery } = flags;
  const checks: [string, () => Promise<string | Finding | Finding[]>][] = [
    ['node', async () => checkNode()],
    ['platform', async () => `${platform()} ${release()}, ${arch()}`],
    ['onnxruntime', checkRuntime],
    ['webgpu', checkAdapter],
    ['sharp', checkSharp],
    ['threads', async () => checkThreads()],
    [
      'memory',
      async () => `${gigabytes(Math.min(totalmem(), process.constrainedMemory() || totalmem()))}, ${gigabytes(freemem())} free`,
    ],
    ['LIMN_HOME', checkHome],
    ...[...bundledEncoders()].map(([name, file]): [string, () => Promise<Finding>] => [
      `encoder ${name}`,
      () => checkEncoder(name, file),
    ]),
    ['pulled encoders', checkPulled],
    ...(gallery === undefined ? [] : [['gallery', () => checkItsGallery(gallery)] as [string, () => Promise<Finding[]>]]),
  ];
  const findings: Finding[] = [];
  for (const [name, check] of checks) {
    const found = await check().catch((error): Finding => ({ name, state: 'broken', detail: messageOf(error) }));
    const several = typeof found === 'string' ? [{ state: 'ok' as const, detail: found }] : [found].flat();
    findings.push(...several.map((one) => ({ ...one, name })));
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
  else for (const { name, state, detail } of findings) process.stdout.write(`${state.padEnd(7)} ${name.padEnd(20)} ${detail}\n`);
  if (findings.some(({ state }) => state === 'broken')) process.exitCode = 1;
}

/** Problems of a gallery that are shown one by one. */
const mostProblems = 5;
const broken = (detail: string): Finding => ({ name: '', state: 'broken', detail });
const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;

function checkNode(): string | Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough ? process.version : broken(`${process.version} is too old: install Node 20.19 or later.`);
}

async function checkRuntime(): Promise<string | Finding> {
  const require = createRequire(import.meta.url);
  const { version } = JSON.parse(
    await readFile(join(dirname(require.resolve('onnxruntime-node')), '..', 'package.json'), 'utf8'),
  );
  const graph = new Graph('doctor');
  graph.output('y', mul(graph.input('x', 'float32', [3]), 2));
  const session = await Session.open(encodeModel(graph), { device: 'cpu', threads: 1, label: 'test graph' });
  try {
    const { y } = await session.run({ x: float32([3], [1, 2, 3]) });
    const right = String(y?.data) === '2,4,6';
    return right ? `${version}, runs a graph` : broken(`${version} computes 2 * [1,2,3] as [${y?.data}]: install it again.`);
  } finally {
    await session.close();
  }
}

/** No GPU is worth a note; one that was asked for and is not there is an error. */
async function checkAdapter(): Promise<string | Finding> {
  const wanted = chosenDevice() === 'webgpu';
  const adapter = await findAdapter();
  if (!adapter.found) return { name: '', state: wanted ? 'broken' : 'note', detail: adapter.reason };
  const name = adapter.name ?? 'an adapter whose name the system does not tell';
  return `${name}, runs a graph; ${wanted ? 'computes here' : '--device webgpu computes there'}`;
}

async function checkSharp(): Promise<string | Finding> {
  const red = { create: { width: 4, height: 4, channels: 3, background: 'red' } } as const;
  const { data } = await sharp(await sharp(red).jpeg().toBuffer())
    .raw()
    .toBuffer({ resolveWithObject: true });
  const formats = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'].filter(
    (name) => sharp.format[(name === 'avif' ? 'heif' : name) as 'jpeg']?.input.buffer,
  );
  const detail = `${sharp.versions.sharp} with libvips ${sharp.versions.vips}, reads ${formats.join(', ')}`;
  return (data[0] as number) > 200 ? detail : broken(`${detail}, but decodes red as ${data[0]}: install it again.`);
}

function checkThreads(): string | Finding {
  const set = process.env.LIMN_THREADS;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  if (set !== undefined && !/^\d+$/.test(set)) return broken(`LIMN_THREADS is "${set}": set it to a whole number, or unset it.`);
  const used = Number(set ?? 0) || availableParallelism();
  return `${used} of ${availableParallelism()} (${model})${set ? ', set by LIMN_THREADS' : ''}`;
}

async function checkHome(): Promise<string | Finding> {
  const home = limnHome();
  const probe = join(home, `.doctor-${process.pid}`);
  try {
    await makeFolder(home);
    await writeFile(probe, 'ok');
  } catch (error) {
    return broken(`${home} cannot be written (${messageOf(error)}): set LIMN_HOME to a folder that you can write to.`);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const detail = `${home}, ${gigabytes(free)} free`;
  return free < 2 ** 28 ? broken(`${detail}: free some space, or set LIMN_HOME to a folder on another disk.`) : detail;
}

async function checkPulled(): Promise<string> {
  const found = await listHubEncoders();
  return found.length === 0 ? 'none' : found.map(({ name, dtype }) => `${name} (${dtype})`).join(', ');
}

/** As `limn gallery check`: a finding for each problem, and one that says how it is on the whole. */
async function checkItsGallery(location: string): Promise<Finding[]> {
  const { gallery, items, problems, notes, sound } = await runLong((tools) => checkGallery(location, tools));
  const found = (state: Finding['state']) => (detail: string) => ({ name: '', state, detail });
  const shown = problems.slice(0, mostProblems).map(({ what, repair }) => `${what} ${repair}`);
  const end = sound ? 'sound' : `damaged, ${problems.length} problems ("limn gallery check ${gallery}" shows all and repairs)`;
  return [
    ...shown.map(found('broken')),
    ...notes.map(found('note')),
    found(sound ? 'ok' : 'broken')(`${gallery}: ${end}, ${items} items verified`),
  ];
}

async function checkEncoder(name: string, file: string): Promise<Finding> {
  const found = await loadDescription(file).catch((error) => messageOf(error));
  if (typeof found !== 'string') return { name, state: 'ok', detail: found.weights };
  return { name, state: 'note', detail: `${found} The built-in patch encoder needs none.` };
}
