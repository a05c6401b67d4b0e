/** The benches that `npm run bench` runs, in the order of the table: what starts them, where their results are, and what is read from these. */
import type { Growth, Line } from './line.js';
import * as read from './lines.js';

const turns = (rounds: number, steps: number) => ['--rounds', `${rounds}`, '--steps', `${steps}`];
const fewSteps = [...turns(1, 2), '--warmup', '1'];

export interface BenchRun {
  title: string;
  /** The name that `npm run bench -- NAME` takes. */
  npm: string;
  args?: readonly string[];
  /** What makes it short. */
  quick: readonly string[];
  /** Its result's file, without the extension. */
  result: string;
}

export interface Bench extends BenchRun {
  row: string;
  /** The result's file of a short one. @default that of a long one */
  quickResult?: string;
  /** The Python module of its rival. */
  needs?: string;
  /** Whether it can run without its rival. @default true */
  canRunAlone?: boolean;
  /** Whether it computes on a GPU. @default false */
  onGpu?: boolean;
  lines: (result: never) => Line[] | { growth: Growth[] };
}

export const benches: readonly Bench[] = [
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
    canRunAlone: false,
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
  {
    row: 'i',
    title: 'training step on a GPU',
    npm: 'device',
    args: ['--skip-copied'],
    quick: fewSteps,
    result: 'device',
    onGpu: true,
    lines: read.deviceStep,
  },
  {
    row: 'i',
    title: "training step on a GPU at the paper's size",
    npm: 'device',
    args: ['--skip-copied', '--size', 'paper'],
    quick: fewSteps,
    result: 'device-paper',
    onGpu: true,
    lines: read.deviceStep,
  },
  { row: 'h', title: 'growth', npm: 'growth', quick: ['--quick'], result: 'growth', lines: read.growth },
];

/** What every row is held against; it is measured first. */
export const floor: BenchRun = {
  title: "the machine's floor",
  npm: 'floor',
  quick: turns(1, 1),
  result: 'floor',
};

/** What is not a bench of its own. */
export const columns: Readonly<Record<string, string>> = { g: 'the peak memory of both sides is a column of every row' };
