/**
 * Greedy captions as one graph, from pictures to words: an ONNX Loop writes word after word, so that nothing but the texts leaves the
 * runtime. The rules are those of greedy decoding in models/captioner/decoding.ts. Shapes: B texts, L positions, the last for the end, V words.
 */
import * as f from '../../engine/graph/functions.js';
import { encodeModel, Graph, type Value } from '../../engine/graph/index.js';
import { InferenceContext } from '../../engine/nn/context.js';
import { float32, int64, type Shape, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { decodeStep, encodePair, memories } from './captioner.js';
import type { CaptionerConfig } from './captioner-config.js';
import { declare, pairInputs, pastShapes } from './captioner-graphs.js';
import type { DecodingRules, WrittenCaption } from './decoding.js';

/**
 * Pairs of pictures -> `words` int64 (positions, B) and their `logProbabilities` (positions, B), as many positions as the longest text has with
 * its end; what stands behind a text's end is of no account.
 */
export function greedyModel(
  config: CaptionerConfig,
  weights: Readonly<Record<string, Tensor>>,
  rules: DecodingRules,
  batch: number,
): Uint8Array {
  const length = rules.length + 1;
  const graph = new Graph('greedy');
  const context = new InferenceContext(graph, weights);
  const { tokens, bias } = encodePair(context, config, declare(graph, pairInputs(config, batch)));
  const memory = { layers: memories(context, config, tokens), bias };

  const body = new Graph('word', graph);
  const iteration = body.input('loop.iteration', 'int64', []);
  body.input('loop.go', 'bool', []);
  const state: Value[] = [];
  /** A value that goes from word to word. */
  const carried = (name: string, initial: Value) => {
    state.push(initial);
    return body.input(`loop.${name}`, initial.dtype, initial.shape);
  };
  const last = carried('last', graph.constant(int64([batch], new Array(batch).fill(rules.start))));
  const open = carried('open', f.filled(tokens, [batch], 1));
  const emptyPast = Object.entries(pastShapes(config, batch));
  const past = emptyPast.map(([name, shape]) => carried(name, f.zerosOf(tokens, shape)));
  const layers = Array.from({ length: config.decoderLayers }, (_, i) => ({
    keys: past[2 * i] as Value,
    values: past[2 * i + 1] as Value,
  }));

  const position = f.reshape(iteration, [1]);
  const step = decodeStep(new InferenceContext(body, weights), config, { memory, words: last, position, past: layers });
  const allowed = f.add(f.logSoftmax(step.logits), f.gather(neverWritten(body, rules), position));
  const word = f.argMax(allowed);
  const stillOpen = f.where(f.equal(word, f.indices(word, [], [rules.end])), 0, open);
  body.output('loop.goOn', f.greater(f.reduceMax(stillOpen), 0.5));
  const next = [word, stillOpen, ...step.past.flatMap(({ keys, values }) => [keys, values])];
  next.forEach((value, i) => {
    body.output(`loop.next.${i}`, value);
  });
  // Both are stacked, a row a position.
  body.output('loop.words', f.identity(word));
  body.output('loop.logProbabilities', f.reduceMax(allowed, [1]));

  const trips = graph.constant(int64([], [length]), 'trips');
  const go = graph.constant(tensor('bool', [], Uint8Array.of(1)), 'go');
  const stacked = (['int64', 'float32'] as const).map((dtype) => ({ dtype, shape: [length, batch] }));
  const results = graph.addTyped('Loop', [trips, go, ...state], { body }, [...state, ...stacked]);
  graph.output('words', results.at(-2) as Value);
  graph.output('logProbabilities', results.at(-1) as Value);
  return encodeModel(graph);
}

/** (L, V): minus infinity for what must not stand at a position. A text is not empty, and its last position is for its end. */
function neverWritten(graph: Graph, { words, length, forbidden, end }: DecodingRules): Value {
  const shape: Shape = [length + 1, words];
  const refused = (position: number, id: number) =>
    position === length ? id !== end : forbidden.has(id) || (position === 0 && id === end);
  return graph.constant(
    float32(
      shape,
      Array.from({ length: (length + 1) * words }, (_, i) =>
        refused(Math.floor(i / words), i % words) ? Number.NEGATIVE_INFINITY : 0,
      ),
    ),
    'never',
  );
}

/** The texts of {@link greedyModel}'s outputs. */
export function writtenTexts(words: Tensor, logProbabilities: Tensor, end: number): WrittenCaption[] {
  const [positions, rows] = words.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const text: WrittenCaption = { ids: [], logProbability: 0 };
    for (let position = 0; position < positions; position++) {
      const id = Number(words.data[position * rows + row]);
      text.logProbability += logProbabilities.data[position * rows + row] as number;
      if (id === end) break;
      text.ids.push(id);
    }
    return text;
  });
}
