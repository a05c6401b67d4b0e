/** The data of an experiment's categories, each opened once, when a run of it comes up. */
import { openImageEncoder } from '../../models/retrieval/open-image-encoder.js';
import type { Experiment } from './config.js';
import { type Material, type OpenEncoder, openMaterial } from './dataset.js';
import { checkRun } from './one-run.js';
import type { PlannedRun } from './plan.js';
import type { RunResult } from './result.js';

export class Materials {
  private readonly opened = new Map<string | undefined, Material>();

  constructor(
    private readonly experiment: Experiment,
    private readonly openEncoder: OpenEncoder = openImageEncoder,
  ) {}

  /** @throws LimnError as {@link openMaterial} */
  async of({ category }: PlannedRun): Promise<Material> {
    const known = this.opened.get(category);
    if (known) return known;
    const material = await openMaterial(this.experiment, category, this.openEncoder);
    this.opened.set(category, material);
    return material;
  }

  /**
   * Everything that can be wrong, before hours are spent.
   *
   * @returns the results that are there already, by run
   * @throws LimnError as {@link openMaterial} and {@link checkRun}
   */
  async checkAll(runs: readonly PlannedRun[]): Promise<Map<string, RunResult>> {
    for (const run of runs) await this.of(run);
    const done = new Map<string, RunResult>();
    for (const run of runs) {
      const result = await checkRun(this.experiment, run, await this.of(run));
      if (result) done.set(run.id, result);
    }
    return done;
  }

  async close(): Promise<void> {
    for (const { reader, text } of this.opened.values()) {
      await reader.close();
      await text.close();
    }
    this.opened.clear();
  }
}
