/** The benches that `npm run bench` runs, in the order of the table: what starts them, where their results are, and what is read from these. */
import * as read from './lines.mjs';

const turns = (rounds, steps) => ['--rounds', `${rounds}`, '--steps', `${steps}`];
const fewSteps = [...turns(1, 2), '--warmup', '1'];

/**
 * `npm` is the name that `npm run bench -- NAME` takes, `quick` what makes it short, `result` its file (`quickResult` where a short one has
 * another), `needs` the Python module of its rival, without which it runs with `alone`.
 */
export const benches = [
  {
    row: 'a',
    title: 'training step',
    npm: 'step',
    quick: fewSteps,
    result: 'training-step',
    needs: 'torch',
    lines: read.limnStep,
  },
  {
    row: 'a',
    title: "training step at the paper's size",
    npm: 'step',
    args: ['--size', 'paper'],
    quick: fewSteps,
    result: 'training-step-paper',
    needs: 'torch',
    lines: read.paperStep,
  },
  {
    row: 'b',
    title: "captioner's training step",
    npm: 'captioner',
    quick: fewSteps,
    result: 'captioner-step',
    needs: 'torch',
    lines: read.captionerStep,
  },
  {
    row: 'b',
    title: 'decoding',
    npm: 'decoding',
    args: ['--cached'],
    quick: ['--rounds', '1'],
    result: 'decoding',
    needs: 'torch',
    alone: undefined,
    lines: read.decoding,
  },
  { row: 'c', title: 'frozen encoder', npm: 'encoder', quick: fewSteps, result: 'encoder', lines: read.encoder },
  {
    row: 'd',
    title: 'fine-tuning step',
    npm: 'fine-tune',
    quick: fewSteps,
    result: 'fine-tune-step',
    needs: 'torch',
    lines: read.fineTuneStep,
  },
  { row: 'e', title: 'queries', npm: 'queries', quick: ['--queries', '10'], result: 'queries', lines: read.queries },
  {
    row: 'f',
    title: 'exact search of 100,000',
    npm: 'exact',
    quick: [...turns(1, 5), '--count', '20000'],
    result: 'exact-100000',
    quickResult: 'exact-20000',
    needs: 'faiss',
    lines: read.exact,
  },
  {
    row: 'f',
    title: 'exact search of 1,000,000',
    npm: 'exact',
    args: ['--count', '1000000'],
    quick: [...turns(1, 5), '--count', '50000'],
    result: 'exact-1000000',
    quickResult: 'exact-50000',
    needs: 'faiss',
    lines: read.exact,
  },
  {
    row: 'f',
    title: 'indexed search of 1,000,000',
    npm: 'indexed',
    quick: [...turns(1, 5), '--count', '60000'],
    result: 'indexed',
    needs: 'faiss',
    lines: read.indexed,
  },
  { row: 'h', title: 'growth', npm: 'growth', quick: ['--quick'], result: 'growth', lines: read.growth },
].map((bench) => ({ args: [], alone: ['--limn-only'], ...bench }));

/** What every row is held against; it is measured first. */
export const floor = {
  title: "the machine's floor",
  npm: 'floor',
  args: [],
  quick: turns(1, 1),
  result: 'floor',
};

/** What is not a bench of its own. */
export const columns = { g: 'the peak memory of both sides is a column of every row' };
