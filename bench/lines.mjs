/**
 * From results of benches to lines of the table. A line is { what, limn: { milliseconds, quartiles or p99 }, rival: { name, milliseconds },
 * work: { operations, bytes }, memory: { limn, rival }, goals }; what a bench does not tell is left out.
 */
import { compared, memoryNoHigher, ofPeak, within } from './goals.mjs';
import * as work from './work.mjs';

const count = (value) => value.toLocaleString('en');
const timeOf = ({ milliseconds: { median, quartiles } }) => ({ milliseconds: median, quartiles });
const pytorchOf = ({ milliseconds: { median }, version }) => ({
  name: `PyTorch ${version}`.replace('+cpu', ''),
  milliseconds: median,
});

/** A training step against PyTorch. */
function step(what, result, goals = []) {
  const { limn, pytorch } = result;
  const memory = { limn: limn.peakMiB, rival: pytorch?.peakMiB };
  return [{ what, limn: timeOf(limn), rival: pytorch && pytorchOf(pytorch), work: work.trainingStep(result), memory, goals }];
}

const limnStepWith = (least) => (result) => {
  const { width, batch, words, picture: image } = result.options;
  const what = `training step, d=${width}, batch ${batch}, ${image.tokens} tokens and ${words} words`;
  return step(what, result, [compared(least), memoryNoHigher, ofPeak(0.7)]);
};
export const limnStep = limnStepWith(1.3);
export const paperStep = limnStepWith(1);

export function captionerStep(result) {
  const { width, batch } = result.options;
  return step(`captioner's training step, d=${width}, batch ${batch}`, result);
}

export function fineTuneStep(result) {
  return step(`fine-tuning step of a CLIP ViT-B/32 tower, batch ${result.options.batch}`, result);
}

export function decoding({ options, results, pytorch: { version } }) {
  const of = (side) => results.filter((one) => one.side === side && one.cached);
  const rivals = of('PyTorch');
  return of('limn').map((one) => {
    const rival = rivals.find(({ decoding, batch }) => decoding === one.decoding && batch === one.batch);
    return {
      what: `captions, ${one.decoding}, batch ${one.batch}`,
      limn: timeOf(one),
      rival: rival && pytorchOf({ ...rival, version }),
      work: work.captions(options, one),
      memory: { limn: one.peakMiB, rival: rival?.peakMiB },
      goals: [compared(2)],
    };
  });
}

export function encoder({ options: { batch }, results }) {
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
const patience = { 'id alone': 15, 'id and text': 15, 'id again, another text': 15, 'upload and text': 60 };

export function queries({ options, results, peakMiB = {} }) {
  return Object.entries(results.memory ?? {}).map(([kind, { p50, p99, parts, work }]) => {
    const spent = Object.entries(parts).flatMap(([part, milliseconds]) =>
      milliseconds < 0.1 ? [] : [`${part} ${milliseconds}`],
    );
    return {
      what: `query of ${count(options.count)}: ${kind} (${spent.join(', ')})`,
      limn: { milliseconds: p50, p99 },
      work,
      memory: { limn: peakMiB.memory },
      goals: patience[kind] ? [within('ms p50', ({ line }) => line.limn.milliseconds, patience[kind])] : [],
    };
  });
}

/** A search against FAISS's. */
const search = (what, { limn, faiss }) => ({
  what,
  limn: timeOf(limn),
  rival: faiss && { name: `FAISS ${faiss.version}`, milliseconds: faiss.milliseconds.median },
  memory: { limn: limn.peakMiB, rival: faiss?.peakMiB },
});

export function exact(result) {
  const { options, limn, reading } = result;
  const toReading = () => limn.milliseconds.median / reading.milliseconds.median;
  const line = search(`exact search of ${count(options.count)} vectors of ${options.width}`, result);
  const goals = [within('times reading the vectors', toReading, 1.3), compared(1)];
  return [{ ...line, work: work.exactSearch(options), goals }];
}

export function indexed(result) {
  const { options, recall } = result;
  const recalls = recall.faiss === null ? `${recall.limn}` : `${recall.limn} and ${recall.faiss}`;
  return [search(`indexed search of ${count(options.count)} vectors of ${options.width}, recall@10 ${recalls}`, result)];
}

/** Growth has a table of its own. */
export const growth = ({ results }) => ({ growth: results });
