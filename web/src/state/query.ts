/** What a view asks the server. */
import type { CaptionRequest, Choice, ExplainRequest, Gallery, SearchRequest } from '../api/types.js';
import type { View } from './address.js';
import { currentSettings, currentTurn, type QueryImage } from './trail.js';
import { weightsFor } from './weights.js';

export const pageSize = 24;

/** @returns the search of the view's turn; undefined while there is none to make: the gallery is shown */
export function searchOf(view: View, gallery: Gallery): SearchRequest | undefined {
  const turn = currentTurn(view.trail);
  if (!turn) return undefined;
  const texts = turn.phrases.filter(({ held }) => held).map(({ text }) => text);
  if (turn.references.length === 0 && texts.length === 0) return undefined;
  const weights = weightsFor(turn.weights, gallery.factors.length);
  const filter = turn.filter.trim();
  return {
    gallery: gallery.name,
    references: [...turn.references],
    texts,
    negatives: [...turn.negatives],
    k: pageSize,
    ...(turn.negatives.length > 0 && turn.negativeWeight !== undefined ? { negativeWeight: turn.negativeWeight } : {}),
    ...(weights ? { weights } : {}),
    ...(filter ? { filter } : {}),
  };
}

/** Equal for views that ask the same. */
export function queryKey(view: View, gallery: Gallery): string {
  return JSON.stringify(searchOf(view, gallery) ?? { gallery: gallery.name, items: currentSettings(view.trail).filter.trim() });
}

export function explainOf(view: View, gallery: Gallery, hit: string): ExplainRequest | undefined {
  const search = searchOf(view, gallery);
  if (!search) return undefined;
  const { k: _, ...rest } = search;
  return { ...rest, hit };
}

/** What changed from the first reference to a hit, where there is a reference and the server has words for it. */
export function captionOf(view: View, gallery: Gallery, hit: string): CaptionRequest | undefined {
  const reference = currentTurn(view.trail)?.references[0];
  return reference && gallery.captions ? { gallery: gallery.name, reference, target: { id: hit } } : undefined;
}

/** What is told of a result that a person chooses: nothing of images that are not in the gallery. */
export function choiceOf(view: View, gallery: Gallery, shown: readonly string[], chosen: string): Choice | undefined {
  const search = searchOf(view, gallery);
  const seen = shown.slice(0, Math.max(mostShown, shown.indexOf(chosen) + 1)).slice(-mostShown);
  if (!search || !seen.includes(chosen)) return undefined;
  const { references = [], negatives = [], texts, filter } = search;
  return {
    references: references.map((image) => ('id' in image ? image : { upload: true as const })),
    texts,
    negatives: negatives.flatMap((image) => ('id' in image ? [image.id] : [])),
    ...(filter === undefined ? {} : { filter }),
    turn: Math.min(1000, view.trail.turns.length),
    shown: seen,
    chosen,
  };
}

/** Ids that a choice names at most. */
const mostShown = 200;

/** The names of the uploads among pictures, each once. */
export function uploadsIn(...lists: (readonly (QueryImage | { url: string })[] | undefined)[]): string[] {
  const names = lists.flatMap((list) => list ?? []).flatMap((image) => ('upload' in image ? [image.upload] : []));
  return [...new Set(names)];
}
