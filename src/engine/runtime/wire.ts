/** Tensors on their way between limn's form and ONNX Runtime's. */
import * as ort from './onnxruntime.js';
import type { WireFeed, WireTensor } from './protocol.js';

const float16Array = (globalThis as { Float16Array?: new (b: ArrayBufferLike, o: number, l: number) => ArrayLike<number> })
  .Float16Array;

export function toOrt(value: WireFeed): ort.Tensor {
  let data: unknown = value.data;
  if (value.dtype === 'float16' && float16Array) {
    data = new float16Array(value.data.buffer, value.data.byteOffset, value.data.length);
  }
  return new ort.Tensor(value.dtype, data as never, value.shape);
}

export function fromOrt(value: ort.Tensor): WireTensor {
  let data = value.data as WireTensor['data'];
  if (value.type === 'float16' && !(data instanceof Uint16Array)) {
    const view = data as unknown as ArrayBufferView;
    data = new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
  }
  return { dtype: value.type as WireTensor['dtype'], shape: [...value.dims], data };
}
