/** What a search may ask, and what a model can answer. */
import { LimnError } from '../../../core/errors.js';
import { checkBox } from '../../../models/encoders/image/box.js';
import type { Filter } from '../../store/filter.js';
import { parseFilter } from '../../store/filter-parse.js';
import type { DecodedImage } from '../embedder.js';
import type { ImageReference, SearchRequest } from '../search-types.js';
import { usualSearch } from './search-settings.js';

/** A search with every default filled in. */
export interface CheckedRequest {
  references: readonly ImageReference[];
  /** All texts as one; undefined where there are none. */
  text: string | undefined;
  negatives: readonly ImageReference[];
  negativeWeight: number;
  /** One a factor. */
  weights: readonly number[];
  filter: Filter | undefined;
  k: number;
  offset: number;
  excludeReferences: boolean;
  decoded: ReadonlyMap<string, DecodedImage> | undefined;
}

export interface ModelSides {
  /** Which sides of a query the model reads. */
  sees: { image: boolean; text: boolean };
  factors: number;
  /** @throws LimnError USAGE for a text without words */
  checkText(text: string): void;
}

/** Hits that can be asked for, pages before them included. */
export const mostHits = 1000;
const mostImages = 64;

/** @throws LimnError USAGE that says what is wrong with the request, or what the model cannot read */
export function checkRequest(request: SearchRequest, model: ModelSides): CheckedRequest {
  const { references = [], negatives = [], excludeReferences = true } = request;
  const { negativeWeight = usualSearch.negativeWeight, k = usualSearch.k, offset = usualSearch.offset } = request;
  whole(k, 'k', 1);
  whole(offset, 'offset', 0);
  if (offset + k > mostHits) {
    throw usage(
      `The search asks for hits up to the ${offset + k}th, but limn ranks only ${mostHits}. Ask for fewer, or make the query more specific.`,
    );
  }
  if (!Number.isFinite(negativeWeight) || negativeWeight < 0) {
    throw usage(`The weight of the negatives is ${negativeWeight}; it must be a number from 0.`);
  }
  if (references.length > mostImages || negatives.length > mostImages) {
    throw usage(`A search has at most ${mostImages} references and as many negatives.`);
  }
  for (const { box } of [...references, ...negatives]) if (box) checkBox(box);
  const texts = request.texts ?? [];
  for (const text of texts) model.checkText(text);
  const text = texts.length > 0 ? texts.map((one) => one.trim()).join(' and ') : undefined;
  checkSides(references.length, text, model);
  return {
    references,
    text,
    negatives,
    negativeWeight,
    weights: checkWeights(request.weights, model.factors),
    filter: request.filter === undefined || request.filter.trim() === '' ? undefined : parseFilter(request.filter),
    k,
    offset,
    excludeReferences,
    decoded: request.decoded,
  };
}

function checkSides(references: number, text: string | undefined, { sees }: ModelSides): void {
  if (references === 0 && text === undefined) {
    const both = 'a reference picture, a text that says what to change, or both';
    throw usage(`There is nothing to search for: give ${sees.text ? both : 'a reference picture'}.`);
  }
  if (!sees.text && text !== undefined) {
    throw usage('The model of this gallery sees pictures alone: give a reference without a text, or use another model.');
  }
  if (!sees.image && text !== undefined && references > 0) {
    throw usage('The queries of this model see texts alone: give a text, or a reference, and not both, or use another model.');
  }
}

/** @returns w_k, one a factor @throws LimnError USAGE for weights that do not fit the factors */
function checkWeights(weights: readonly number[] | undefined, factors: number): readonly number[] {
  if (!weights) return new Array<number>(factors).fill(1 / factors);
  if (factors === 0) throw usage('The model has no factors: give no weights.');
  if (weights.length === factors && weights.every(Number.isFinite)) return weights;
  throw usage(`The model has ${factors} factors: give ${factors} finite weights, not [${weights}].`);
}

function whole(value: number, name: string, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw usage(`${name} is ${value}; it must be a whole number from ${least}.`);
}

const usage = (message: string) => new LimnError('USAGE', message);
