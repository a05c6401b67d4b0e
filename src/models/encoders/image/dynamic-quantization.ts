/** Whether an ONNX file quantises what it computes by the range of the whole batch. */
import { LimnError, messageOf } from '../../../core/errors.js';
import { streamRegularFile } from '../../../core/regular-file.js';

/** DynamicQuantizeLinear and ONNX Runtime's DynamicQuantizeMatMul and DynamicQuantizeLSTM. */
const operator = Buffer.from('DynamicQuantize');

/**
 * Looks for the operators that take their scale from the values of a run: there, what one text gives depends on the texts beside
 * it. The file is read as a stream, for it may be large.
 *
 * @throws LimnError IO for a file that cannot be read
 */
export async function quantizesDynamically(file: string): Promise<boolean> {
  let end = Buffer.alloc(0);
  try {
    for await (const chunk of streamRegularFile(file, 1 << 20)) {
      // A name may lie across two chunks.
      const seen = Buffer.concat([end, chunk]);
      if (seen.includes(operator)) return true;
      end = seen.subarray(Math.max(0, seen.length - operator.length + 1));
    }
  } catch (cause) {
    throw new LimnError('IO', `Cannot read the encoder's weights: ${messageOf(cause)}`, { cause });
  }
  return false;
}
