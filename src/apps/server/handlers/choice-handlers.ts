/** Keeping which result people choose, where whoever runs the server wants that. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ChoiceKeeper } from '../../../search/choices/choice-keeper.js';
import * as contract from '../contract.js';
import { parseJson } from '../request/content.js';
import { checkItemId } from '../request/item-ids.js';
import * as routes from '../routes.js';
import type { ServerContext, ServerEnv } from '../state.js';
import type { Metrics } from './metrics.js';
import type { ServerParts } from './parts.js';
import { HttpProblem } from './problems.js';

/** @param keeper undefined where nothing is kept */
export function addChoiceHandlers(
  app: OpenAPIHono<ServerEnv>,
  parts: ServerParts,
  keeper: ChoiceKeeper | undefined,
  metrics: Metrics,
): void {
  app.openapi(routes.choicesRoute, async (c) => {
    const { gallery: name } = c.req.valid('param');
    const { gallery } = parts.open(name);
    const content = await parts.content(c as ServerContext, 'request');
    if (!keeper) {
      const message = 'This server keeps no choices: start it with --keep-choices to keep them.';
      throw new HttpProblem(404, 'NOT_FOUND', message);
    }
    if (!content.json) throw new HttpProblem(400, 'USAGE', 'A choice is sent as JSON.');
    const { references, ...given } = parseJson(content.json, contract.choice, 'request');
    const whole = references.flatMap((image) => ('id' in image && !image.box ? [image.id] : []));
    for (const id of [...whole, ...given.negatives, ...given.shown]) checkItemId(id);
    const kept = await parts.work(c as ServerContext, async () => {
      // What is not in the gallery was not chosen from it.
      for (const id of new Set([given.chosen, ...whole])) {
        if (await gallery.get(id)) continue;
        throw new HttpProblem(
          400,
          'USAGE',
          `The gallery has no item ${JSON.stringify(id)}: it cannot have been part of a choice.`,
        );
      }
      return keeper.keep({ ...given, gallery: name, references: whole, otherReferences: references.length - whole.length });
    });
    metrics.choice(kept);
    return c.json({ kept }, 200);
  });
}
