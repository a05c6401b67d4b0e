/** A line of the table of `npm run bench`; what a bench does not tell is left out. */

export interface Line {
  row?: string;
  what: string;
  limn: { milliseconds: number; quartiles?: readonly number[]; p99?: number };
  rival?: { name: string; milliseconds: number } | undefined;
  /** Floating-point operations, and bytes of memory that no cache holds. */
  work?: Work | undefined;
  /** Peaks in MiB. */
  memory?: { limn?: number | undefined; rival?: number | undefined };
  goals?: readonly Goal[];
  /** The Python module whose lack kept the rival away. */
  lacks?: string | undefined;
}

export interface Work {
  operations: number;
  bytes: number;
}

export interface GoalContext {
  line: Line;
  timesAsFast: number | undefined;
  ofPeak: number | undefined;
}

export interface Reached {
  says: string;
  value: number | null;
  met: boolean | null;
}

export type Goal = (context: GoalContext) => Reached;

/** A line with what follows from it. */
export interface CompletedLine extends Omit<Line, 'goals'> {
  timesAsFast: number | undefined;
  /** The least time that this machine could take, in ms, and what makes it so. */
  floor: number | undefined;
  bound: 'computing' | 'reading' | undefined;
  timesFloor: number | undefined;
  goals: Reached[];
}

/** What could not be measured, and why. */
export interface FailedLine {
  row: string;
  what: string;
  failed: string;
  /** Whether this machine lacks what it needs, so that another one may have more to tell. @default false */
  isAbsent?: boolean;
}

/** What floor.ts measures, as far as lines need it. */
export interface Floor {
  gigaflops: number;
  gigabytesPerSecond: number;
}

/** Time and memory at several sizes. */
export interface Growth {
  what: string;
  sizes: number[];
  milliseconds: number[];
  peakMiB: number[];
  exponents: { time: number; memory: number };
  /** The most that the exponent of the time is to be. */
  goal: number | null;
}
