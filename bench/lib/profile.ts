/** Where a limn training step spends its time: ONNX Runtime's own profile, summed by operator and by operator and shapes. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SideOptions, startLimn } from './sides.js';

/** The first steps put their state into new memory; from the fourth on it takes turns in two places. */
const warmup = 3;

/** Operands of a kernel, each as { dtype: shape }. */
type Operands = readonly Readonly<Record<string, readonly number[]>>[];

interface ProfileEvent {
  cat: string;
  name: string;
  /** When it began, and how long it took, in microseconds. */
  ts: number;
  dur: number;
  args: { op_name: string; input_type_shape?: Operands; output_type_shape?: Operands };
}

/** @param script of the limn side */
export async function profile(options: SideOptions, steps: number, script: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'limn-profile-'));
  try {
    const side = await startLimn({ ...options, profile: join(folder, 'step') }, script);
    await side.ask({ steps: warmup });
    const { times } = await side.ask({ steps });
    await side.end();
    const file = (await readdir(folder)).find((name) => name.endsWith('.json'));
    if (!file) throw new Error('ONNX Runtime wrote no profile');
    const summary = summaryOf(await readEvents(join(folder, file)), steps);
    console.log(
      `${summary.milliseconds} ms a step in ${summary.nodes} kernels; steps took ${times.map((t) => t.toFixed(0)).join(', ')} ms`,
    );
    console.table(summary.by(({ args }) => args.op_name, 25));
    console.table(
      summary.by(({ args }) => `${args.op_name} ${shapes(args.input_type_shape)} -> ${shapes(args.output_type_shape)}`, 50),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const readEvents = async (file: string): Promise<ProfileEvent[]> => JSON.parse(await readFile(file, 'utf8'));

/** Operators whose bodies' kernels are events of their own, and within their time. */
const bodied = new Set(['Loop', 'If']);

/** The kernels of the last `count` runs of a profile. @param count all, where it is not given */
export function summaryOf(events: readonly ProfileEvent[], count = 0) {
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').slice(-count);
  const from = runs.reduce((first, { ts }) => Math.min(first, ts), Number.POSITIVE_INFINITY);
  const kernels = events.filter(
    ({ cat, name, ts, args }) => cat === 'Node' && name.endsWith('_kernel_time') && ts >= from && !bodied.has(args.op_name),
  );
  const whole = kernels.reduce((sum, { dur }) => sum + dur, 0);
  const aRun = (microseconds: number) => Number((microseconds / runs.length / 1000).toFixed(2));
  /** The `most` slowest groups of kernels. */
  const by = (keyOf: (event: ProfileEvent) => string, most: number) => {
    const groups = new Map<string, { time: number; calls: number }>();
    for (const event of kernels) {
      const key = keyOf(event);
      const group = groups.get(key) ?? { time: 0, calls: 0 };
      group.time += event.dur;
      group.calls += 1;
      groups.set(key, group);
    }
    return [...groups]
      .sort(([, a], [, b]) => b.time - a.time)
      .slice(0, most)
      .map(([operator, { time, calls }]) => ({
        operator,
        'calls a run': Number((calls / runs.length).toFixed(1)),
        'ms a run': aRun(time),
        part: `${((100 * time) / whole).toFixed(1)} %`,
      }));
  };
  const reshapes = kernels.filter(({ args }) => args.op_name === 'Reshape');
  const [nodes, shaped] = [kernels, reshapes].map(({ length }) => Math.round(length / runs.length)) as [number, number];
  return { runs: runs.length, nodes, reshapes: shaped, milliseconds: aRun(whole), by };
}

const shapes = (list: Operands = []) =>
  list
    .map((entry) =>
      Object.values(entry)
        .map((shape) => `[${shape}]`)
        .join(''),
    )
    .join(' ');
