/** Methods from outside: refused in one line where their definition, their options or their shapes are wrong. */
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Random } from '../../core/random.js';
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { linear } from '../../engine/nn/layers.js';
import { galleryModel, limnTrainingModel } from '../retrieval/retrieval-graphs.js';
import { inBatchLoss } from './classification.js';
import { defineMethod, type MethodDefinition } from './define-method.js';
import { methods } from './methods.js';
import { modelConfig, modelKeys } from './model-config.js';

const given = { width: 8, heads: 2, words: 4, vocabularySize: 9, image: { kind: 'captions', words: 3 } } as const;
const parts = {
  options: z.object({ share: z.number().min(0).default(0.5) }),
  sees: () => ({ image: true, text: true }),
  embedQuery: (_context, { share }, image, text) => ({
    matching: f.l2Normalize(f.add(image!.global, f.mul(text!.global, share as number))),
  }),
  embedTarget: (_context, _config, image) => ({ matching: f.l2Normalize(image.global) }),
  loss: inBatchLoss,
} satisfies Omit<MethodDefinition, 'id'>;

let made = 0;
/** Makes a method known, under an id of its own. */
function known(changes: Partial<MethodDefinition> = {}): string {
  const id = `tested-${++made}`;
  methods.add(defineMethod({ id, ...parts, ...changes } as MethodDefinition));
  return id;
}

const training = (method: string) =>
  limnTrainingModel(modelConfig.parse({ ...given, method }), {
    batchSize: 3,
    optimizer: { learningRate: 0.1, totalSteps: 2 },
    random: new Random(1),
    buffers: {},
  });

describe('the options of a method', () => {
  let id: string;
  beforeAll(() => {
    id = known();
  });
  const refusal = (config: object) => modelConfig.safeParse({ ...given, ...config }).error?.issues[0];

  it('are its own, with their defaults, beside those of all models', () => {
    expect(modelConfig.parse({ ...given, method: id })).toMatchObject({ method: id, share: 0.5, width: 8, dropout: 0.1 });
    expect(modelConfig.parse({ ...given, method: id, share: 2 })).toMatchObject({ share: 2 });
    expect(modelConfig.parse({ ...given, method: id })).not.toHaveProperty('factors');
    expect(modelKeys(id)).toContain('share');
    expect(modelKeys('limn')).not.toContain('share');
  });

  it.each([
    [{ share: -1 }, ['share'], /expected number to be >=0/],
    [{ shar: 1 }, [], /has no option "shar"\. Did you mean "share"\?/],
    [{ gamma: 1 }, [], /has no option "gamma"/],
    [{ heads: 3 }, ['heads'], /must be a multiple of the heads/],
  ])('are checked: %j', (config, path, message) => {
    expect(refusal({ method: id, ...config })).toMatchObject({ path, message: expect.stringMatching(message) });
  });

  it('are those of the method that is named', () => {
    expect(refusal({ method: 'limm' })).toMatchObject({
      path: ['method'],
      message: expect.stringMatching(/no method "limm"\. Did you mean "limn"\? .*--plugin/),
    });
    expect(refusal({ method: 3 })).toMatchObject({ path: ['method'] });
  });

  it('may be none of those of all models', () => {
    expect(() => known({ options: z.object({ width: z.int().default(3) }) })).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(/option "width", which is one of all models/) }),
    );
  });

  it.each([[undefined], [{ share: 1 }], [z.string()], [null]])('must be a zod object: %j', (options) => {
    expect(() => known({ options: options as never })).toThrow(/"options" of ".*" must be a zod object/);
  });

  it.each(['local', 'factors', 'score', 'attention'])('a value in place of the function %s is refused', (name) => {
    expect(() => known({ [name]: 3 })).toThrow(new RegExp(`"${name}" of ".*" is not a function`));
  });
});

it('a method from outside is trained and embeds', () => {
  const id = known();
  const { parameters, initialState, reported } = training(id);
  expect(reported).toEqual(['loss', 'gradientNorm', 'learningRate']);
  const weights = Object.fromEntries(parameters.map(({ name }) => [name, initialState[name]!]));
  expect(galleryModel(modelConfig.parse({ ...given, method: id }), weights, 1).length).toBeGreaterThan(100);
});

it('reports terms under its own names', () => {
  const id = known({
    loss: (context, config, query, candidates, rows) => {
      const { loss } = inBatchLoss(context, config, query, candidates, rows);
      return { loss, metrics: { spread: f.reduceMean(query.matching, [0, 1]) } };
    },
  });
  expect(training(id).reported).toContain('spread');
});

describe('a method that does not fit is refused in one line that names it:', () => {
  const wide: MethodDefinition['embedTarget'] = (context, _config, image) => ({
    matching: f.l2Normalize(linear(context, 'wide', image.global, 10)),
  });
  const cases: [string, Partial<MethodDefinition>, RegExp][] = [
    ['queries and targets of other widths', { embedTarget: wide }, /queries have vectors of 8 numbers and targets of 10/],
    [
      'an operation on shapes that do not fit',
      { embedTarget: (c, _, p) => ({ matching: f.add(p.global, linear(c, 'x', p.global, 3)) }) },
      /embedTarget: .*\[3, ?8\]/,
    ],
    [
      'sequences for vectors',
      { embedTarget: (_c, _, p) => ({ matching: p.tokens as Value }) },
      /embedTarget: "matching" is no value|must be float32/,
    ],
    [
      'rows that are lost',
      { embedTarget: (_c, _, p) => ({ matching: f.slice(p.global, 0, 0, 1) }) },
      /"matching" is float32 \[1, 8\], and must be float32 \[3, any\]/,
    ],
    ['nothing', { embedQuery: () => undefined as never }, /embedQuery: it gives no embedding/],
    ['factors that are not there', { factors: () => 2 }, /it gives no "factors", and the method says that it has 2/],
    [
      'factors that nobody counts',
      { embedTarget: (_c, _, p) => ({ matching: p.global, factors: p.global }) },
      /it gives "factors", and the method says that it has none/,
    ],
    [
      'a loss that is no scalar',
      { loss: (_c, _, q) => ({ loss: q.matching, metrics: {} }) },
      /"loss" is float32 \[3, 8\], and must be float32 \[\]/,
    ],
    ['no metrics', { loss: (...args) => ({ loss: inBatchLoss(...args).loss }) as never }, /it gives no "metrics"/],
    [
      'a metric that is no scalar',
      { loss: (...args) => ({ ...inBatchLoss(...args), metrics: { q: args[2].matching } }) },
      /"metrics\.q" is float32/,
    ],
    [
      'a metric with a name that is taken',
      {
        loss: (...args) => {
          const { loss } = inBatchLoss(...args);
          return { loss, metrics: { loss } };
        },
      },
      /"metrics\.loss" has a name that every training reports/,
    ],
    [
      'an error of its own',
      {
        embedQuery: () => {
          throw new TypeError('x is\nundefined');
        },
      },
      /embedQuery: x is undefined\.$/,
    ],
  ];
  it.each(cases)('%s', (_, changes, message) => {
    const id = known(changes);
    let error: unknown;
    try {
      training(id);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'LimnError', code: 'CONFIG', details: { method: id } });
    const { message: said } = error as Error;
    expect(said).toMatch(message);
    expect(said).toContain(`The method "${id}" does not fit: `);
    expect(said).not.toContain('\n');
  });
});
