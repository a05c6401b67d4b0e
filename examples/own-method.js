/** A method of one's own: the text says how much of the reference image stays, channel by channel. */
import { defineMethod, inBatchLoss, z } from 'limn';
import { f, linear } from 'limn/engine';

export default defineMethod({
  id: 'text-gate',
  /** The method's own options: `"model": { "textShare": 0.8 }` in a config, `model: { textShare: 0.8 }` in `train`. */
  options: z.object({ textShare: z.number().nonnegative().default(1) }),
  sees: () => ({ image: true, text: true }),

  // picture.global and text.global are (B, d); what is returned is (B, d), too, with rows of length 1.
  embedQuery(context, { width, textShare }, image, text) {
    const gate = f.sigmoid(linear(context, 'gate', text.global, width));
    return { matching: f.l2Normalize(f.add(f.mul(gate, image.global), f.mul(text.global, textShare))) };
  },
  embedTarget: (_context, _config, image) => ({ matching: f.l2Normalize(image.global) }),

  loss(context, config, query, candidates, rows) {
    const { loss } = inBatchLoss(context, config, query, candidates, rows);
    // Terms under names of your own stand in metrics.ndjson beside the loss.
    return { loss, metrics: { querySpread: f.reduceMean(f.mul(query.matching, query.matching), [0, 1]) } };
  },
});
