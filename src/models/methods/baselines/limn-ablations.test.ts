/** LIMN without one part or another, or started in another way, against scripts/reference/limn_torch.py. */
import { describe, expect, it } from 'vitest';
import { norm, relativeError } from '../../../../test/fixtures/fixture.js';
import { expectEncoders, expectReference, methodFixture, runLoss } from '../../testing/reference.js';
import { modelConfig } from '../model-config.js';

const both = ['local', 'global'];
/** What each reads of a picture, parameters that it has and the loss does not depend on, and those that it must not have. */
const ablations = {
  global: { reads: ['global'], unused: /^$/, lacks: /^picture\.(local|positions)|^types\.(picture|word)$/ },
  local: { reads: both, unused: /^(picture|text)\.global\./, lacks: /^fusion\.|^types\.\w+_global$/ },
  adaptive: { reads: both, unused: /^$/, lacks: /^(matching\.holistic|fusion)\./ },
  holistic: { reads: both, unused: /^$/, lacks: /^matching\.(attend|energy)\./ },
  'one-factor': { reads: both, unused: /^$/, lacks: /^$/ },
  'global-start': { reads: both, unused: /^$/, lacks: /^$/ },
};

describe.each(Object.entries(ablations))('LIMN: %s', (name, { reads, unused, lacks }) => {
  const fixture = methodFixture(`baselines-limn-${name}`);

  it('has the loss, the embeddings and the gradients that PyTorch computes, and no parameter of what is left out', async () => {
    const names = await expectReference(fixture, unused);
    expect(names.filter((parameter) => lacks.test(parameter))).toEqual([]);
  });

  it('gives the embeddings of its training graph as query and gallery encoder', async () => {
    // What the loss does not depend on is in a trained model all the same.
    const { initial } = await runLoss(fixture);
    const weights = { ...initial, ...fixture.parameters, ...fixture.buffers };
    await expectEncoders(fixture, { query: [...reads, 'words'], gallery: reads }, weights);
  });
});

describe('LIMN with weights of 0', () => {
  const whole = methodFixture('limn');
  const weighted = (changes: Record<string, number>) => ({
    ...whole,
    config: modelConfig.parse({ ...whole.config, weights: { ...(whole.config.weights as object), ...changes } }),
  });
  const term = (name: string) => whole.tensors[`term.${name}`]!.data[0] as number;

  it('has no factor-level matching: neither its terms nor its scale nor a gradient of its projections', async () => {
    const fixture = weighted({ factors: 0, agreement: 0 });
    const { result, names } = await runLoss(fixture);
    expect(Object.keys(result).filter((name) => name.startsWith('term.'))).toEqual(['term.matching', 'term.disentangling']);
    expect(result.loss!.data[0]).toBeCloseTo(term('matching') + 1.3 * term('disentangling'), 4);
    expect(names).not.toContain('loss.factor_scale');
    expect(norm(whole.under('gradient.')['matching.projection.weight']!)).toBeGreaterThan(0);
    expect(norm(result['gradient.matching.projection.weight']!)).toBe(0);
    expect(norm(result['gradient.aggregation.factors']!)).toBeGreaterThan(0);
  });

  it.each(['factors', 'agreement', 'disentangling'] as const)('leaves out the %s term alone', async (name) => {
    const { result } = await runLoss(weighted({ [name]: 0 }));
    const rest = { factors: 0.7, agreement: 0.9, disentangling: 1.3, [name]: 0 };
    const expected = Object.entries(rest).reduce((sum, [part, weight]) => sum + weight * term(part), term('matching'));
    expect(result.loss!.data[0]).toBeCloseTo(expected, 4);
    for (const part of ['matching', 'factors', 'agreement', 'disentangling']) {
      expect(relativeError(result[`term.${part}`], whole.tensors[`term.${part}`]), part).toBeLessThan(1e-4);
    }
  });
});

it('refuses a start from global features where they are left out, and for a method without factors', () => {
  const { config } = methodFixture('limn');
  expect(() => modelConfig.parse({ ...config, factorStart: 'global', features: 'local' })).toThrow('needs global features');
  expect(() => modelConfig.parse({ ...config, factorStart: 'global', method: 'tirg' })).toThrow(
    'is a setting of LIMN, not of the method',
  );
});
