/** Test helpers: the training computation of a method with all that it makes as outputs, and its finished graphs, run in this process. */

import { Random } from '../../core/random.js';
import * as f from '../../engine/graph/functions.js';
import { Graph, gradients, type Value } from '../../engine/graph/index.js';
import type { Feeds } from '../../engine/graph/testing/evaluate.js';
import { TrainingContext, type TrainingContextOptions } from '../../engine/nn/context.js';
import * as ort from '../../engine/runtime/onnxruntime.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ModelConfig } from '../methods/define-method.js';
import { methodOf } from '../methods/methods.js';
import { embedTriplets, tripletInputs } from '../retrieval/retrieval-graphs.js';

/**
 * A graph with the outputs `loss`, `term.*`, `query.*`, `targetEmbedding.*` and `gradient.*`, the loss's gradient by each parameter.
 * Parameters are inputs of it.
 */
export function traceLoss(
  config: ModelConfig,
  batch: number,
  buffers: Readonly<Record<string, Tensor>> = {},
  options: Pick<TrainingContextOptions, 'joins'> = {},
) {
  const graph = new Graph();
  const context = new TrainingContext(graph, new Random(1), { ...options, buffers });
  const specs = tripletInputs(config, batch);
  const values: Record<string, Value> = Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
  );
  const { query, candidates, sameTarget } = embedTriplets(context, config, values);
  const { loss, metrics } = methodOf(config).loss(context, config, query, candidates, { sameTarget });
  graph.output('loss', loss);
  const outputs = { term: metrics, query: { ...query }, targetEmbedding: { ...candidates } };
  for (const [prefix, group] of Object.entries(outputs)) {
    for (const [name, value] of Object.entries(group)) graph.output(`${prefix}.${name}`, f.identity(value));
  }
  const trained = [...context.parameters.values()];
  gradients(
    loss,
    trained.map(({ value }) => value),
  ).forEach((gradient, i) => {
    graph.output(`gradient.${trained[i]!.name}`, gradient);
  });
  return { graph, context };
}

/** An ONNX file in this process; feeds that it does not read are let be. */
export async function openModel(model: Uint8Array) {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return {
    inputs: session.inputNames,
    async run(feeds: Feeds): Promise<Record<string, Tensor>> {
      const given = session.inputNames.map((name) => {
        const value = feeds[name];
        if (!value) throw new Error(`no feed for ${name}`);
        return [name, new ort.Tensor(value.dtype, value.data as never, [...value.shape])] as const;
      });
      const results = await session.run(Object.fromEntries(given));
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [name, tensor('float32', dims, data as Float32Array)]),
      );
    },
  };
}
