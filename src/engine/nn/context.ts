/**
 * Where model code takes its parameters from. The same code is traced three times: with trainable parameters (inputs of the
 * training graph), and twice with trained ones (constants of the query and gallery encoders).
 */
import { LimnError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { concat, mul } from '../graph/functions.js';
import type { Graph, Value } from '../graph/index.js';
import { float32, ReadTensor, type Shape, sizeOf, type Tensor } from '../tensor/tensor.js';
import { repeated } from './repeated-masks.js';

/** Fills a new parameter. */
export type Init = (random: Random, shape: Shape) => Float32Array;

/** How the optimizer treats a parameter. */
export interface ParameterOptions {
  /** Whether weight decay applies. @default true for matrices and convolutions, false for vectors and scalars */
  decay?: boolean;
  /** Factor on the learning rate. @default 1 */
  learningRateScale?: number;
}

/** A parameter of a traced model. */
export interface ParameterSpec extends Required<ParameterOptions> {
  /** With the names of its scopes, such as "query.gate.weight". */
  name: string;
  /** The extents of its axes. */
  shape: Shape;
  /** The input of the graph that stands for it. */
  value: Value;
  /** Its values before the first step; those of {@link Context.stored} are read whenever they are asked for. */
  initial: Tensor<'float32'>;
}

/** A mask that the training graph takes as an input. */
export interface DropoutMask {
  /** Name of the input. */
  name: string;
  /** Shape of the mask; it is broadcast. */
  shape: Shape;
  /** The part of the elements that is dropped, 0 to 1. */
  rate: number;
}

/** Where model code takes its parameters from. */
export abstract class Context {
  constructor(
    /** The graph that is being built. */
    readonly graph: Graph,
    protected readonly prefix = '',
  ) {}

  /** Whether the graph is being traced for training. */
  abstract readonly training: boolean;
  /** Whether batches that go through the same weights are to be joined: fewer nodes, and other last bits of gradients. */
  readonly joins: boolean = false;
  /** A context whose parameters are named under `name`. */
  abstract scope(name: string): Context;
  /** A parameter of this name and shape. */
  abstract parameter(name: string, shape: Shape, init: Init, options?: ParameterOptions): Value;
  /**
   * A parameter whose initial values are kept elsewhere, and read there when a training begins.
   *
   * @param read gives them in an array that it does not use again
   */
  stored(name: string, shape: Shape, read: () => Float32Array, options?: ParameterOptions): Value {
    return this.parameter(name, shape, read, options);
  }

  /**
   * Dropout with one mask for all tokens of a sequence (Gal and Ghahramani, arXiv 1512.05287): of x (B, ..., d) the channels
   * of item b are dropped in all of its tokens at once. The masks (B, 1.., d) are inputs of the training graph, drawn outside
   * it, so that a run can be resumed to the same bits.
   */
  abstract dropout(x: Value, rate: number): Value;
  /** A context for several batches of these shapes in one value, see {@link Batches}. */
  over(_batches: readonly Shape[]): Context {
    return this;
  }
  /** A value that belongs to the model but is not trained, e.g. the mean of the training features. */
  abstract buffer(name: string, shape: Shape): Value;

  protected qualified(name: string): string {
    return this.prefix ? `${this.prefix}.${name}` : name;
  }
}

/** Options of {@link TrainingContext}. */
export interface TrainingContextOptions {
  /** Untrained values by their full names. @default none */
  buffers?: Readonly<Record<string, Tensor>> | undefined;
  /** Put before input names; a Loop body needs names that its outer graph does not have. @default '' */
  inputPrefix?: string | undefined;
  /** Brings a mask into the graph. @default as an input of it */
  feed?: ((mask: DropoutMask) => Value) | undefined;
  /** Parameters that are there already, by their full names; new ones are added. @default none */
  parameters?: Map<string, ParameterSpec> | undefined;
  /** Dropout masks of each batch that are there already; new ones are added. @default none */
  masks?: DropoutMask[][] | undefined;
  /** Put before parameter names. @default '' */
  prefix?: string | undefined;
  /** See {@link Context.joins}. @default false */
  joins?: boolean | undefined;
  /** Shapes of the batches that a value holds, see {@link Context.over}. @default a value is one batch */
  batches?: readonly Shape[] | undefined;
}

/** Parameters are graph inputs with initial values; dropout masks are graph inputs too. */
export class TrainingContext extends Context {
  readonly training = true;
  override readonly joins: boolean;

  /** Parameters by their full names, in the order in which they were first used. */
  readonly parameters: Map<string, ParameterSpec>;
  /** Dropout masks by the batch that they are for. */
  private readonly masksByBatch: DropoutMask[][];

  /** @param random draws initial parameters */
  constructor(
    graph: Graph,
    private readonly random: Random,
    private readonly options: TrainingContextOptions = {},
  ) {
    super(graph, options.prefix);
    this.parameters = options.parameters ?? new Map();
    this.masksByBatch = options.masks ?? [];
    this.joins = options.joins ?? false;
  }

  /** Dropout masks in the order in which they were made, those of a first batch before those of a second one, as if these had been traced in turn. */
  get masks(): DropoutMask[] {
    return this.masksByBatch.flat();
  }

  scope(name: string): TrainingContext {
    return this.with({ prefix: this.qualified(name) });
  }

  override over(batches: readonly Shape[]): TrainingContext {
    return this.with({ batches });
  }

  private with(changes: TrainingContextOptions): TrainingContext {
    const { parameters, masksByBatch: masks, prefix } = this;
    return new TrainingContext(this.graph, this.random, { ...this.options, parameters, masks, prefix, ...changes });
  }

  parameter(name: string, shape: Shape, init: Init, options: ParameterOptions = {}): Value {
    return this.added(name, shape, () => float32(shape, init(this.random, shape)), options);
  }

  override stored(name: string, shape: Shape, read: () => Float32Array, options: ParameterOptions = {}): Value {
    return this.added(name, shape, () => new ReadTensor('float32', shape, read), options);
  }

  private added(name: string, shape: Shape, initial: () => Tensor<'float32'>, options: ParameterOptions): Value {
    const full = this.qualified(name);
    const known = this.parameters.get(full);
    if (known) {
      if (known.shape.join() !== shape.join()) {
        throw new LimnError(
          'GRAPH_SHAPE',
          `Parameter ${full} is [${known.shape}] and cannot be used as [${shape}]. Give it another name.`,
        );
      }
      return known.value;
    }
    const value = this.graph.input((this.options.inputPrefix ?? '') + full, 'float32', shape);
    this.parameters.set(full, {
      name: full,
      shape,
      value,
      initial: initial(),
      decay: options.decay ?? shape.length >= 2,
      learningRateScale: options.learningRateScale ?? 1,
    });
    return value;
  }

  buffer(name: string, shape: Shape): Value {
    return storedValue(this.graph, this.options.buffers ?? {}, this.qualified(name), shape);
  }

  dropout(x: Value, rate: number): Value {
    if (rate === 0) return x;
    const { batches = [x.shape] } = this.options;
    const width = x.shape.at(-1) as number;
    const masks = batches.map((shape, batch) => {
      const extents = [...shape.slice(0, -1), width];
      const kept = extents.map((extent, i) => (i === 0 || i === extents.length - 1 ? extent : 1));
      return this.mask(kept, rate, batch);
    });
    const joined = concat(masks, 0);
    const isByRows = batches.some(({ length }) => length !== x.shape.length);
    return mul(x, isByRows ? repeated(joined, batches) : joined);
  }

  private mask(shape: Shape, rate: number, batch: number): Value {
    const mask = { name: `dropout.${this.masks.length}`, shape, rate };
    this.masksByBatch[batch] = [...(this.masksByBatch[batch] ?? []), mask];
    const { feed = ({ name }: DropoutMask) => this.graph.input(name, 'float32', shape) } = this.options;
    return feed(mask);
  }
}

/** Parameters are constants taken from trained weights; dropout does nothing. */
export class InferenceContext extends Context {
  readonly training = false;

  constructor(
    graph: Graph,
    private readonly weights: Readonly<Record<string, Tensor>>,
    prefix = '',
    private readonly used: Map<string, Value> = new Map(),
  ) {
    super(graph, prefix);
  }

  scope(name: string): InferenceContext {
    return new InferenceContext(this.graph, this.weights, this.qualified(name), this.used);
  }

  parameter(name: string, shape: Shape): Value {
    const full = this.qualified(name);
    const known = this.used.get(full);
    if (known) return known;
    const value = storedValue(this.graph, this.weights, full, shape);
    this.used.set(full, value);
    return value;
  }

  buffer(name: string, shape: Shape): Value {
    return this.parameter(name, shape);
  }

  dropout(x: Value): Value {
    return x;
  }
}

/** A constant of the graph from stored tensors; a missing one or one of another shape is an error that names it. */
function storedValue(graph: Graph, stored: Readonly<Record<string, Tensor>>, name: string, shape: Shape): Value {
  const found = stored[name];
  if (!found)
    throw new LimnError(
      'CHECKPOINT',
      `The weights lack ${name}: they belong to another model. Train again or give the right config.`,
    );
  if (found.shape.join() !== shape.join()) {
    throw new LimnError(
      'CHECKPOINT',
      `Weight ${name} is [${found.shape}] but the model's config needs [${shape}]: they belong to different models.`,
    );
  }
  return graph.constant(found, name);
}

/** Initial values for parameters. */
export const init = {
  zeros: ((_random, shape) => new Float32Array(sizeOf(shape))) satisfies Init,
  ones: ((_random, shape) => new Float32Array(sizeOf(shape)).fill(1)) satisfies Init,
  constant:
    (value: number): Init =>
    (_random, shape) =>
      new Float32Array(sizeOf(shape)).fill(value),
  normal:
    (std: number): Init =>
    (random, shape) =>
      Float32Array.from({ length: sizeOf(shape) }, () => std * random.normal()),
  /** Uniform in +-1/sqrt(fan in), fan in being the first axis of a weight (in, out). */
  fanIn: ((random, shape) => {
    const bound = 1 / Math.sqrt(shape[0] ?? 1);
    return Float32Array.from({ length: sizeOf(shape) }, () => bound * (2 * random.uniform() - 1));
  }) satisfies Init,
};
