/** What the HTTP API takes and gives, from its contract. Types only: no schema is bundled into the page. */
import type { z } from 'zod';
import type * as contract from '../../../src/apps/server/contract.js';

export type Gallery = z.infer<typeof contract.gallery>;
export type Field = Gallery['fields'][number];
export type Item = z.infer<typeof contract.item>;
export type ItemList = z.infer<typeof contract.itemList>;
export type Metadata = Item['metadata'];
export type Box = z.infer<typeof contract.box>;
export type SuggestRequest = z.input<typeof contract.suggest>;
export type Suggestions = z.infer<typeof contract.suggestions>;
export type Choice = z.input<typeof contract.choice>;
export type CountAnswer = z.infer<typeof contract.countAnswer>;
export type ImageReference = z.infer<typeof contract.imageReference>;
export type SearchRequest = z.input<typeof contract.search>;
export type SearchAnswer = z.infer<typeof contract.searchAnswer>;
export type Hit = z.infer<typeof contract.hit>;
export type ExplainRequest = z.input<typeof contract.explain>;
export type Explanation = z.infer<typeof contract.explanation>;
export type HeatMap = Explanation['factors'][number]['hit'];
export type CaptionRequest = z.input<typeof contract.caption>;
export type CaptionAnswer = z.infer<typeof contract.captionAnswer>;
export type ProblemBody = z.infer<typeof contract.problem>;
