/** From results of benches to lines of the table. */
import { compared, memoryNoHigher, noSlowerThan, ofPeak, within } from './goals.js';
import type { Goal, Growth, Line } from './line.js';
import type {
  DecodingResult,
  DeviceResult,
  EncoderResult,
  ExactResult,
  GrowthResult,
  IndexedResult,
  QueriesResult,
  SearchResult,
  StepResult,
} from './results.js';
import type { Measured } from './sides.js';
import * as work from './work.js';

const count = (value: number) => value.toLocaleString('en');
const timeOf = ({ milliseconds: { median, quartiles } }: Pick<Measured, 'milliseconds'>) => ({ milliseconds: median, quartiles });
const pytorchOf = ({ milliseconds: { median } }: Pick<Measured, 'milliseconds'>, version = '') => ({
  name: `PyTorch ${version}`.replace('+cpu', ''),
  milliseconds: median,
});

/** A training step against PyTorch. */
function step(what: string, result: StepResult, goals: readonly Goal[] = []): Line[] {
  const { limn, pytorch } = result;
  const rival = pytorch ? pytorchOf(pytorch, pytorch.version) : undefined;
  const memory = { limn: limn.peakMiB, rival: pytorch?.peakMiB };
  return [{ what, limn: timeOf(limn), rival, work: work.trainingStep(result), memory, goals }];
}

function sizesOf({ width, batch, words, image, picture }: StepResult['options']): string {
  const form = picture ?? image;
  const tokens = form.kind === 'features' ? form.tokens : 0;
  return `d=${width}, batch ${batch}, ${tokens} tokens and ${words} words`;
}

const limnStepWith = (least: number) => (result: StepResult) =>
  step(`training step, ${sizesOf(result.options)}`, result, [compared(least), memoryNoHigher, ofPeak(0.7)]);
export const limnStep = limnStepWith(1.3);
export const paperStep = limnStepWith(1);

/** A training step on a GPU, against PyTorch on CUDA, and on the processor beside it; the floor is another machine's, so they have none. */
export function deviceStep({ adapter, machine: { cpu, cores }, options, results }: DeviceResult): Line[] {
  const sideOf = (name: string) => results.find(({ side }) => side === name);
  const cuda = results.find(({ side }) => side.startsWith('PyTorch'));
  const sizes = sizesOf(options);
  return [
    { device: `the GPU: ${adapter ?? 'its name is not known'}`, side: sideOf('GPU'), rival: cuda },
    { device: `the CPU beside it: ${cpu}, ${cores} cores`, side: sideOf('CPU'), rival: undefined },
  ].flatMap(({ device, side, rival }) =>
    side
      ? {
          what: `training step on ${device}; ${sizes}`,
          limn: timeOf(side),
          rival: rival && { name: rival.side, milliseconds: rival.milliseconds.median },
          memory: { limn: side.peakMiB, rival: rival?.peakMiB },
          ...(side.side === 'GPU' ? { goals: [noSlowerThan(1.3)], lacks: 'PyTorch on CUDA' } : {}),
        }
      : [],
  );
}

export function captionerStep(result: StepResult): Line[] {
  const { width, batch } = result.options;
  return step(`captioner's training step, d=${width}, batch ${batch}`, result);
}

export function fineTuneStep(result: StepResult): Line[] {
  return step(`fine-tuning step of a CLIP ViT-B/32 tower, batch ${result.options.batch}`, result);
}

export function decoding({ options, results, pytorch: { version } }: DecodingResult): Line[] {
  const of = (side: string) => results.filter((one) => one.side === side && one.cached);
  const rivals = of('PyTorch');
  const sizes = { ...options, image: options.picture ?? options.image };
  return of('limn').map((one) => {
    const rival = rivals.find((other) => other.decoding === one.decoding && other.batch === one.batch);
    return {
      what: `captions, ${one.decoding}, batch ${one.batch}`,
      limn: timeOf(one),
      rival: rival && pytorchOf(rival, version),
      work: work.captions(sizes, one),
      memory: { limn: one.peakMiB, rival: rival?.peakMiB },
      goals: [compared(2)],
    };
  });
}

export function encoder({ options: { batch }, results }: EncoderResult): Line[] {
  return results.map(({ encoder: name, operations, limn, ort }) => ({
    what: `frozen encoder ${name}, batch ${batch}`,
    limn: timeOf(limn),
    rival: { name: 'ONNX Runtime alone', milliseconds: ort.milliseconds.median },
    work: { operations, bytes: 0 },
    memory: { limn: limn.peakMiB, rival: ort.peakMiB },
    goals: [compared(0.95)],
  }));
}

/** Milliseconds that a query may take, by its kind. */
const patience: Readonly<Record<string, number>> = {
  'id alone': 15,
  'id and text': 12,
  'id again, another text': 15,
  'upload and text': 60,
};

export function queries({ options, results, peakMiB = {} }: QueriesResult): Line[] {
  return Object.entries(results.memory ?? {}).map(([kind, { p50, p99, parts, work: needed }]) => {
    const spent = Object.entries(parts).flatMap(([part, milliseconds]) =>
      milliseconds < 0.1 ? [] : [`${part} ${milliseconds}`],
    );
    const most = patience[kind];
    return {
      what: `query of ${count(options.count)}: ${kind} (${spent.join(', ')})`,
      limn: { milliseconds: p50, p99 },
      work: needed,
      memory: { limn: peakMiB.memory },
      goals: most ? [within('ms p50', ({ line }) => line.limn.milliseconds, most)] : [],
    };
  });
}

/** A search against FAISS's. */
const search = (what: string, { limn, faiss }: SearchResult): Line => ({
  what,
  limn: timeOf(limn),
  rival: faiss ? { name: `FAISS ${faiss.version}`, milliseconds: faiss.milliseconds.median } : undefined,
  memory: { limn: limn.peakMiB, rival: faiss?.peakMiB },
});

export function exact(result: ExactResult): Line[] {
  const { options, limn, reading } = result;
  const toReading = () => limn.milliseconds.median / reading.milliseconds.median;
  const line = search(`exact search of ${count(options.count)} vectors of ${options.width}`, result);
  const goals = [within('times reading the vectors', toReading, 1.3), compared(1)];
  return [{ ...line, work: work.exactSearch(options), goals }];
}

export function indexed(result: IndexedResult): Line[] {
  const { options, recall } = result;
  const recalls = recall.faiss === null ? `${recall.limn}` : `${recall.limn} and ${recall.faiss}`;
  return [search(`indexed search of ${count(options.count)} vectors of ${options.width}, recall@10 ${recalls}`, result)];
}

/** Growth has a table of its own. */
export const growth = ({ results }: GrowthResult): { growth: Growth[] } => ({ growth: results });
