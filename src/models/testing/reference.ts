/** Test helpers: a method against what scripts/reference computed of it. */
import { expect } from 'vitest';
import { norm, readFixture, relativeError } from '../../../test/fixtures/fixture.js';
import { openGraph } from '../../engine/graph/testing/evaluate.js';
import { modelConfig } from '../methods/model-config.js';
import { galleryModel, queryModel } from '../retrieval/retrieval-graphs.js';
import { openModel, traceLoss } from './traced.js';

const tolerance = 1e-4;

/** A fixture of one method: its settings as a config, its parameters and buffers. */
export function methodFixture(name: string) {
  const fixture = readFixture(name);
  const [parameters, buffers] = [fixture.under('parameter.'), fixture.under('buffer.')];
  return { ...fixture, parameters, buffers, config: modelConfig.parse(fixture.settings), batch: 6 };
}

type MethodFixture = ReturnType<typeof methodFixture>;

/** Traces and runs the training computation on a fixture's batch and parameters; others have their initial values. */
export async function runLoss({ config, batch, buffers, tensors, parameters }: MethodFixture) {
  const { graph, context } = traceLoss(config, batch, buffers);
  const initial = Object.fromEntries([...context.parameters.values()].map(({ name, initial }) => [name, initial]));
  const result = await (await openGraph(graph))({ ...initial, ...tensors, ...parameters });
  return { result, initial, names: Object.keys(initial) };
}

/**
 * Checks loss, terms, embeddings, and the gradients by all parameters that the loss depends on.
 *
 * @param unused other parameters that there may be, of gradient 0
 * @returns the names of all parameters
 */
export async function expectReference(fixture: MethodFixture, unused = /^$/): Promise<string[]> {
  const { result, names } = await runLoss(fixture);
  expect(names.filter((name) => !unused.test(name)).sort()).toEqual(Object.keys(fixture.parameters).sort());
  const expected = Object.entries(fixture.tensors).filter(([name]) => /^(loss|term|query|targetEmbedding)\b/.test(name));
  const made = Object.keys(result).filter((name) => !name.startsWith('gradient.'));
  expect(made.sort()).toEqual(expected.map(([name]) => name).sort());
  for (const [name, value] of expected) expect(relativeError(result[name], value), name).toBeLessThan(tolerance);
  const byParameter = fixture.under('gradient.');
  // The gradient of the keys' bias is 0 but for rounding: it is measured against a thousandth of the whole gradient.
  const floor = 1e-3 * Math.hypot(...Object.values(byParameter).map(norm));
  for (const [name, value] of Object.entries(byParameter)) {
    expect(relativeError(result[`gradient.${name}`], value, floor), name).toBeLessThan(tolerance);
  }
  for (const name of names.filter((name) => unused.test(name))) expect(norm(result[`gradient.${name}`]!), name).toBe(0);
  return names;
}

/** Checks that the query and the gallery encoder read only `inputs`, and give the embeddings of the training graph. */
export async function expectEncoders(
  fixture: MethodFixture,
  inputs: { query: readonly string[]; gallery: readonly string[] },
  weights = { ...fixture.parameters, ...fixture.buffers },
): Promise<void> {
  const { config, batch } = fixture;
  for (const [side, prefix, embedding, build] of [
    ['query', 'reference.', 'query', queryModel],
    ['gallery', 'target.', 'targetEmbedding', galleryModel],
  ] as const) {
    const encoder = await openModel(build(config, weights, batch));
    expect([...encoder.inputs].sort(), side).toEqual([...inputs[side]].sort());
    const result = await encoder.run({ ...fixture.under(prefix), words: fixture.tensors.words! });
    expect(Object.keys(result).sort()).toEqual(config.method === 'limn' ? ['factors', 'matching'] : ['matching']);
    for (const [part, value] of Object.entries(result)) {
      expect(relativeError(value, fixture.tensors[`${embedding}.${part}`]), `${side} ${part}`).toBeLessThan(tolerance);
    }
  }
}
