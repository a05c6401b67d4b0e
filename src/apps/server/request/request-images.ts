/**
 * The pictures that one request has decoded: each is counted once, by its header, against what the request and its caller may ask, and
 * decoded when it is the caller's turn.
 */
import { type DecodeCost, decodeCost } from '../../../models/encoders/image/decode-cost.js';
import type { InTurn } from '../../../search/gallery/in-turn.js';
import type { ServerLimits } from '../guard/limits.js';
import { HttpProblem } from '../handlers/problems.js';
import type { DecodeTurns } from './decode-turns.js';
import { checkImage, damaged } from './images.js';

export interface RequestImagesOptions {
  limits: ServerLimits;
  turns: DecodeTurns;
  caller: string;
  signal: AbortSignal;
  /** Takes from what the caller's rate allows. @throws HttpProblem 429 */
  charge(cost: number): void;
}

export class RequestImages {
  private readonly costs = new Map<Uint8Array, DecodeCost>();
  private work = 0;

  constructor(private readonly options: RequestImagesOptions) {}

  /**
   * Looks at the header of a picture that the request brings.
   *
   * @param label what to call it, e.g. `The upload "reference"`
   * @param whole all of its pixels will be decoded, whatever its format. @default false
   * @throws HttpProblem 415 for another format, 413 for too many pixels or too much memory, 422 for a damaged header, 429
   */
  async check(bytes: Uint8Array, label: string, whole = false): Promise<void> {
    const known = this.costs.get(bytes);
    if (known && !whole) return;
    this.count(bytes, known ?? (await checkImage(bytes, this.options.limits.pixels, label)), label, whole);
  }

  /** Decodes one of them, or a stored picture, when it is the caller's turn. */
  readonly inTurn: InTurn = async (bytes, decode, whole = false) => {
    const { turns, caller, signal } = this.options;
    const known = this.costs.get(bytes);
    const cost = known && !whole ? known : await this.countStored(bytes, known, whole);
    return turns.run(caller, cost, signal, decode);
  };

  private async countStored(bytes: Uint8Array, known: DecodeCost | undefined, whole: boolean): Promise<DecodeCost> {
    const label = 'The picture of the gallery';
    const cost =
      known ??
      (await decodeCost(bytes).catch((error) => {
        throw damaged(label, error);
      }));
    return this.count(bytes, cost, label, whole);
  }

  /** Counts a picture, or what decoding it whole adds to what was counted of it. */
  private count(bytes: Uint8Array, found: DecodeCost, label: string, whole: boolean): DecodeCost {
    const { limits, charge } = this.options;
    const cost = whole ? { ...found, work: found.width * found.height } : found;
    const more = cost.work - (this.costs.get(bytes)?.work ?? 0);
    if (cost.memory > limits.decodeBytes) {
      const mebibytes = Math.ceil(cost.memory / 2 ** 20);
      const message = `${label} takes ${mebibytes} MiB of memory to decode, more than this server gives. Make it smaller, or save it as a baseline JPEG.`;
      throw new HttpProblem(413, 'TOO_LARGE', message);
    }
    this.work += more;
    if (this.work > limits.requestPixels) {
      const message = `The pictures of the request have more pixels to decode than the limit of ${limits.requestPixels} for one request. Send fewer or smaller ones, or baseline JPEGs.`;
      throw new HttpProblem(413, 'TOO_LARGE', message);
    }
    this.costs.set(bytes, cost);
    if (limits.ratePixels > 0 && more > 0) charge(more / limits.ratePixels);
    return cost;
  }
}
