/** How far long work has come; types alone, so that browsers have them too. */
export interface ProgressEvent {
  /** What is being done, e.g. "encode pictures". */
  stage: string;
  /** How much is done, in the unit of `total`. */
  done: number;
  /** How much there is to do. */
  total: number;
  /** Anything worth a word, e.g. "loss 2.31". */
  note?: string;
  /** Seconds until all is done that this stage is a part of; shown in place of what the stage itself takes. */
  leftInAll?: number;
}

/** Called now and then while something long runs. */
export type OnProgress = (event: ProgressEvent) => void;
