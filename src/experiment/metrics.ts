/** The metrics of a report, by name. */
import { LimnError } from '../core/errors.js';
import type { Split } from '../data/triplets.js';
import { applyProtocol, type Protocol } from '../eval/protocols.js';
import type { Experiment } from './config.js';

/** The K of "R@K", or undefined for another name. */
export function recallPlace(metric: string): number | undefined {
  const [, k] = /^R@([1-9]\d*)$/.exec(metric) ?? [];
  return k === undefined ? undefined : Number(k);
}

/** @throws LimnError CONFIG for a metric that the protocol does not give on this split, DATA for a split that it does not fit */
export function checkMetrics({ file, metrics }: Experiment, protocol: Protocol, split: Split): void {
  const { gallery } = applyProtocol(protocol, split);
  for (const metric of metrics) {
    const place = recallPlace(metric);
    if (place === undefined)
      throw new LimnError('CONFIG', `${file} asks for the metric "${metric}": give recalls such as "R@10".`);
    if (place > gallery.length) {
      throw new LimnError('CONFIG', `${file} asks for ${metric}, but the gallery has only ${gallery.length} pictures.`);
    }
  }
}
