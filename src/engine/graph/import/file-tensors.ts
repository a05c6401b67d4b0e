/** A file's tensors, of which the large ones are not kept in memory where the file can be read again. */
import { crc32 } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { freeMemory } from '../../../core/free-memory.js';
import { bytesOf, type DType, type Shape, type Tensor, tensor } from '../../tensor/tensor.js';
import type { TensorProto } from '../proto/onnx_pb.js';
import { type ExternalData, isExternal, readTensor } from './tensors.js';

/** A tensor of a file: what it is, and its numbers where they are asked for. */
export interface FileTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /**
   * The tensor with its numbers, which are the caller's: read from the file again, or a copy of those that are in memory.
   *
   * @throws LimnError IO for a file that cannot be read any more, ENCODER for one that holds other numbers by now
   */
  content(): Tensor;
}

/** The file that a model was read from. */
export interface ModelFile {
  /** For error messages. */
  path: string;
  /** Reads a part of it; less than that where it ends before. @throws the system's error */
  read(offset: number, length: number): Uint8Array;
}

/** Smaller tensors than this, in bytes, stay in memory. */
const smallest = 1024;

export class FileTensors {
  /** What each tensor was read from. */
  private readonly protos = new Map<Tensor, TensorProto>();
  private readonly known = new Map<Tensor, FileTensor>();
  private readonly replaced: Tensor[] = [];

  /**
   * @param bytes the whole file
   * @param externalData reads values that lie beside it
   * @param file where it can be read again; without it all tensors stay in memory
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly externalData?: ExternalData,
    private readonly file?: ModelFile,
  ) {}

  /** @throws LimnError as {@link readTensor} */
  read(proto: TensorProto): Tensor {
    const content = readTensor(proto, this.externalData);
    this.protos.set(content, proto);
    return content;
  }

  /** A tensor as it is kept once the file has been looked through: the same object for the same tensor. */
  kept(content: Tensor): FileTensor {
    const known = this.known.get(content);
    if (known) return known;
    const again = this.again(content);
    if (again) this.replaced.push(content);
    const kept = again ?? inMemory(content);
    this.known.set(content, kept);
    return kept;
  }

  /** Frees the numbers of tensors that are read again from now on: none that {@link read} gave may be looked at any more. */
  release(): void {
    freeMemory(this.replaced.map(({ data }) => data));
  }

  /** Undefined for what is small, was computed from several tensors, or lies in the file as a list of numbers. */
  private again(content: Tensor): FileTensor | undefined {
    const { bytes, file, externalData } = this;
    const proto = this.protos.get(content);
    if (!file || !proto || content.data.byteLength < smallest) return undefined;
    const { buffer, byteOffset, length } = proto.rawData;
    const isInside = length > 0 && buffer === bytes.buffer;
    if (!isInside && !isExternal(proto)) return undefined;
    const rest: TensorProto = { ...proto, rawData: new Uint8Array() };
    const read = isInside
      ? fromInside(rest, file, { offset: byteOffset - bytes.byteOffset, length })
      : fromBeside(rest, externalData);
    return readAgain(content, file.path, read);
  }
}

const inMemory = ({ dtype, shape, data }: Tensor): FileTensor => ({
  dtype,
  shape,
  content: () => tensor(dtype, shape, data.slice()),
});

// What the functions below return refers to none of the file's bytes: a function keeps alive what those beside it refer to.

const fromInside =
  (proto: TensorProto, file: ModelFile, { offset, length }: { offset: number; length: number }) =>
  () =>
    readTensor({ ...proto, rawData: file.read(offset, length) });

const fromBeside = (proto: TensorProto, externalData?: ExternalData) => () => readTensor(proto, externalData);

function readAgain(first: Tensor, path: string, read: () => Tensor): FileTensor {
  const checksum = crc32(bytesOf(first));
  return { dtype: first.dtype, shape: first.shape, content: verified(read, path, checksum) };
}

const verified = (read: () => Tensor, path: string, checksum: number) => () => {
  const again = attempt(read, path);
  if (crc32(bytesOf(again)) !== checksum) throw changed(path);
  return again;
};

/** What does not fit its shape any more belongs to another file; all else is an error of the system. */
function attempt(read: () => Tensor, path: string): Tensor {
  try {
    return read();
  } catch (error) {
    const cause = LimnError.isInstance(error) ? error.cause : error;
    if (cause === undefined) throw changed(path, error);
    const message = `The encoder's weights ${path} cannot be read again (${messageOf(cause)}): limn reads them whenever they are needed and keeps no copy. Put the file back where it was, and start again.`;
    throw new LimnError('IO', message, { details: { path }, cause });
  }
}

function changed(path: string, cause?: unknown): LimnError {
  const message = `The encoder's weights ${path} have changed since they were opened: limn reads them whenever they are needed and keeps no copy. Put the former file back, or start again with the present one.`;
  return new LimnError('ENCODER', message, { details: { path }, cause });
}
