/**
 * The training graph: forward, backward, clipping and AdamW as one ONNX model that turns state into state.
 *
 * With `stepsPerRun` 1 it is a flat graph. With more, an ONNX Loop runs that many steps with parameters and optimizer state kept
 * inside ONNX Runtime, which pays for models so small that the cost of a call matters (docs/decisions/0003).
 */
import { presentOptions } from '../../core/former-names.js';
import type { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { countNodes, encodeModel, Graph, gradients, inPlace, optimized, type Products, type Value } from '../graph/index.js';
import { type ClockPlan, gradientOf, reportedByUpdate, type UpdatePlan } from '../runtime/optimizer/plan.js';
import type { PackedOutputs } from '../runtime/packed-outputs.js';
import { float32, type Shape, type Tensor, tensor } from '../tensor/tensor.js';
import type { StateEntry } from './accumulation.js';
import { type DropoutMask, TrainingContext } from './context.js';
import { FlatLayout, joined } from './flat-layout.js';
import { batchValues } from './gathered.js';
import type { InputSpec } from './input-spec.js';
import type { OptimizerOptions } from './optimizer.js';
import { clockPlanOf, initialStateOf, optimizerInGraph, planOf } from './training-state.js';

export type { GatheredInput, InputSpec } from './input-spec.js';

/** What a traced model returns. */
export interface TrainedLoss {
  /** Scalar float32. */
  loss: Value;
  /** Scalar float32 values to report beside it. */
  metrics?: Record<string, Value>;
  /** Cuts between parts whose values are computed again for the backward pass, see {@link GradientOptions}. @default none */
  gradientCheckpointing?: readonly Value[];
}

/** Options of {@link trainingModel}. */
export interface TrainingModelOptions {
  /** What a batch feeds, for one step. With several steps a run each gets a leading axis of that many. */
  inputs: Readonly<Record<string, InputSpec>>;
  /** Traces the model: parameters from the context, batch values by their input names. */
  trace: (context: TrainingContext, batch: Readonly<Record<string, Value>>) => TrainedLoss;
  /** Learning rate, schedule and AdamW's settings. */
  optimizer: OptimizerOptions;
  /** Draws initial parameters. */
  random: Random;
  /** Values that the model needs and does not train, by name. @default none */
  buffers?: Readonly<Record<string, Tensor>>;
  /** Batches of one run of the model. @default 1 */
  stepsPerRun?: number;
  /**
   * Batches whose gradients are averaged for one optimizer step, for memories that hold only a part of the batch. Every
   * `accumulate`-th batch steps (`totalSteps` counts these); those before it leave parameters and optimizer as they are. A mean
   * over rows has the same gradient over n batches of b as over one of n * b, but a loss that compares the rows of a batch does
   * not: a contrastive one finds its negatives in its own small batch only. @default 1
   */
  accumulate?: number;
  /**
   * Who takes the optimizer's steps: the graph, which then maps state to state, or the runtime, for which it gives gradients, and which goes
   * over all parameters twice where nodes do some fifteen times (docs/decisions/0012). On the CPU only. `flat graph` is the graph again, over a
   * few long vectors in place of all parameters, which is less work for a GPU to start. Several steps a run are always taken by the
   * graph. @default 'graph'
   */
  optimizerIn?: 'graph' | 'flat graph' | 'runtime';
  /**
   * What matrix products are computed in; parameters, optimizer and all else are float32. `float16` needs a GPU whose adapter has it. Gradients
   * are then computed of the loss times 1024, whose small ones float16 can hold, and divided by that again. @default 'float32'
   */
  products?: Products;
}

/** A training graph with everything that running it needs. */
export interface TrainingModel {
  /** The ONNX file. */
  model: Uint8Array;
  /**
   * Resident tensors to start with: parameters, moments (`first.NAME`, `second.NAME`) and the optimizer's clock; with
   * an average of the parameters also `average.NAME`, with accumulation `sum.NAME` and `clock.batches`.
   */
  initialState: Record<string, Tensor>;
  /** For Session's `update`; undefined where the graph takes the optimizer's steps itself. */
  update?: UpdatePlan;
  /** For Session's `clock`: with a flat graph that steps in each run; else the clock is a part of the graph's state. */
  clock?: ClockPlan;
  /** With a flat graph: how its resident tensors hold the state. @default the state's tensors are resident themselves */
  flat?: FlatLayout;
  /** With a flat graph: the output that holds what the graph itself reports, for Session's `packed`. @default each is an output itself */
  packed?: PackedOutputs;
  /** Output name -> resident input, for Session.run's `carry`. */
  carry: Record<string, string>;
  /** The outputs among them that may be written over the inputs whose place they take, for Session's `inPlace`. */
  inPlace: string[];
  /**
   * The outputs to fetch: loss, gradient norm, learning rate and metrics, each (stepsPerRun). With accumulation the norm is that
   * of the average so far.
   */
  reported: string[];
  /** Names and shapes of the parameters. */
  parameters: { name: string; shape: Shape }[];
  /** The resident tensor of each parameter that is to be validated and saved: itself, or its average where there is one. */
  kept: Record<string, string>;
  /** Dropout masks that each run must be given; see {@link drawMasks}. */
  masks: DropoutMask[];
  /** Batches that one run takes. */
  stepsPerRun: number;
  /** Nodes of the graph, those of bodies included, as it was traced and as it is encoded. */
  nodes: { traced: number; encoded: number };
}

/** A power of two, which changes no digit. */
const lossScale = 1024;
/** The output of a flat graph with all that it reports. */
const packName = 'report';

/** Builds the training model of a traced loss. Throws what the graph throws for shape mistakes and missing gradient rules. */
export function trainingModel(options: TrainingModelOptions): TrainingModel {
  const stepsPerRun = options.stepsPerRun ?? 1;
  const outer = new Graph('training');
  const looped = stepsPerRun > 1;
  const graph = looped ? new Graph('step', outer) : outer;
  const inLoop = looped ? 'loop.' : '';
  const iteration = looped ? graph.input('loop.iteration', 'int64', []) : undefined;
  const condition = looped ? graph.input('loop.condition', 'bool', []) : undefined;

  /** A batch input: fed as it is, or as one row of a stack in a Loop. */
  const fed = (name: string, { dtype, shape }: InputSpec): Value =>
    iteration ? f.gather(outer.input(name, dtype, [stepsPerRun, ...shape]), iteration) : graph.input(name, dtype, shape);

  const batch = batchValues(options.inputs, fed, (name, { dtype, shape }) => outer.input(name, dtype, shape));
  const context = new TrainingContext(graph, options.random, {
    buffers: options.buffers,
    inputPrefix: inLoop,
    feed: ({ name, shape }) => fed(name, { dtype: 'float32', shape }),
    joins: options.optimizerIn === 'flat graph' && !looped,
  });
  const { loss, metrics = {}, gradientCheckpointing = [] } = presentOptions(options.trace(context, batch));
  const specs = [...context.parameters.values()];

  const by = specs.map(({ value }) => value);
  const products = options.products ?? 'float32';
  const scale = products === 'float32' ? 1 : lossScale;
  const scaledBack = (gradient: Value) => (scale === 1 ? gradient : f.mul(gradient, 1 / scale));
  const byParameter = gradients(scale === 1 ? loss : f.mul(loss, scale), by, { gradientCheckpointing });
  const accumulate = options.accumulate ?? 1;
  const averages = (options.optimizer.averageDecay ?? 0) > 0;
  const inRuntime = options.optimizerIn === 'runtime' && !looped;
  const flat = options.optimizerIn === 'flat graph' && !looped ? new FlatLayout(specs) : undefined;
  const stateInput = (name: string, shape: Shape) => graph.input(inLoop + name, 'float32', shape);
  const stepped = flat
    ? flat.vectors(new Map(specs.map(({ name }, i) => [name, byParameter[i] as Value])), (name, length) =>
        stateInput(name, [length]),
      )
    : { specs, gradients: byParameter };
  const steppedBy = stepped.gradients.map(scaledBack);
  const clock = flat && accumulate === 1 ? clockPlanOf(specs, options.optimizer) : undefined;
  const traced = inRuntime
    ? undefined
    : optimizerInGraph(stepped.specs, steppedBy, { optimizer: options.optimizer, accumulate, clock, stateInput });
  const state = traced?.state ?? [];
  const report: Record<string, Value> = { loss, ...traced?.report, ...metrics };

  if (iteration && condition) closeLoop(outer, graph, { iteration, condition, state, report, steps: stepsPerRun });
  else {
    for (const { name, after } of state) graph.output(`next.${name}`, after);
    const numbers = Object.entries(report).map(([name, value]) => [name, f.reshape(value, [1])] as const);
    if (flat) graph.output(packName, joined(numbers.map(([, value]) => value)));
    else for (const [name, value] of numbers) graph.output(name, value);
    if (inRuntime) for (const [i, { name }] of specs.entries()) graph.output(gradientOf(name), steppedBy[i] as Value);
  }

  const values = new Map(specs.map(({ name, value }) => [name, value]));
  const parts = (layout: FlatLayout, named: (name: string) => Value) =>
    new Map([...layout.parameters(named)].map(([name, part]) => [values.get(name) as Value, part] as const));
  const bound = flat && { inputs: new Set(by), compute: (named: (name: string) => Value) => parts(flat, named) };
  const simpler = optimized(outer, bound, products);
  // The runtime reads a gradient's numbers in their order and asks for no shape.
  const gradientNames = new Set(inRuntime ? specs.map(({ name }) => gradientOf(name)) : []);
  for (const output of simpler.graph.outputs) if (gradientNames.has(output.name)) output.value = unshaped(output.value);
  const overwrites = looped
    ? []
    : inPlace(
        simpler.graph,
        state.map(({ before, after }) => ({ before: simpler.of(before), after: simpler.of(after) })),
      );
  return {
    model: encodeModel(simpler.graph, { leavesFromLast: inRuntime }),
    initialState: initialStateOf(specs, averages, accumulate),
    ...(flat ? { flat, packed: { [packName]: Object.keys(report) } } : {}),
    ...(clock ? { clock } : {}),
    ...(inRuntime ? { update: planOf(specs, options.optimizer, accumulate) } : {}),
    carry: Object.fromEntries(state.map(({ name }) => [`next.${name}`, name])),
    inPlace: state.flatMap(({ name }, i) => (overwrites[i] ? [`next.${name}`] : [])),
    reported: [...new Set(['loss', ...reportedByUpdate, ...Object.keys(report)])],
    parameters: specs.map(({ name, shape }) => ({ name, shape })),
    kept: Object.fromEntries(specs.map(({ name }) => [name, averages ? `average.${name}` : name])),
    masks: context.masks,
    stepsPerRun,
    nodes: { traced: countNodes(outer), encoded: countNodes(simpler.graph) },
  };
}

/** The value that a Reshape is of. */
function unshaped(gradient: Value): Value {
  const { producer } = gradient;
  return producer?.type === 'Reshape' ? unshaped(producer.inputs[0] as Value) : gradient;
}

interface TracedStep {
  iteration: Value;
  condition: Value;
  state: readonly StateEntry[];
  report: Readonly<Record<string, Value>>;
  /** How often the Loop takes it. */
  steps: number;
}

/** Turns a traced step into the body of a Loop: state is carried from step to step, reports are stacked. */
function closeLoop(outer: Graph, body: Graph, { iteration, condition, state, report, steps }: TracedStep): void {
  // A Loop pairs inputs and outputs by position.
  body.inputs.splice(0, body.inputs.length, iteration, condition, ...state.map(({ before }) => before));
  body.output('loop.go', f.identity(condition));
  for (const { name, after } of state) body.output(`loop.next.${name}`, after);
  for (const [name, value] of Object.entries(report)) body.output(`loop.report.${name}`, f.reshape(value, [1]));
  const trips = outer.constant(tensor('int64', [], BigInt64Array.of(BigInt(steps))), 'trips');
  const go = outer.constant(tensor('bool', [], Uint8Array.of(1)), 'go');
  const before = state.map(({ name, shape }) => outer.input(name, 'float32', shape));
  const types = [
    ...state.map(({ shape }) => ({ dtype: 'float32' as const, shape })),
    ...Object.keys(report).map(() => ({ dtype: 'float32' as const, shape: [steps, 1] })),
  ];
  const results = outer.addTyped('Loop', [trips, go, ...before], { body }, types);
  state.forEach(({ name }, i) => {
    outer.output(`next.${name}`, results[i] as Value);
  });
  Object.keys(report).forEach((name, i) => {
    outer.output(name, f.reshape(results[state.length + i] as Value, [steps]));
  });
}

/** Draws the dropout masks of one step: 0 with probability `rate`, else 1 / (1 - rate). */
export function drawMasks(masks: readonly DropoutMask[], random: Random): Record<string, Tensor<'float32'>> {
  return Object.fromEntries(
    masks.map(({ name, shape, rate }) => {
      const keep = 1 / (1 - rate);
      const size = shape.reduce((product, extent) => product * extent, 1);
      return [
        name,
        float32(
          shape,
          Array.from({ length: size }, () => (random.uniform() < rate ? 0 : keep)),
        ),
      ];
    }),
  );
}
