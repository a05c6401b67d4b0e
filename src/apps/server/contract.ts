/**
 * The HTTP API in schemas: what each route takes and gives. Routes, OpenAPI document, client and page are all held to these.
 *
 *     GET    /v1/galleries                              galleries
 *     GET    /v1/galleries/{gallery}                    gallery
 *     GET    /v1/galleries/{gallery}/count              countQuery -> countAnswer
 *     GET    /v1/galleries/{gallery}/items              listQuery -> itemList
 *     PUT    /v1/galleries/{gallery}/items/{id}         multipart: picture (file), metadata (JSON) -> item
 *     GET    /v1/galleries/{gallery}/items/{id}         item
 *     DELETE /v1/galleries/{gallery}/items/{id}         204
 *     GET    /v1/galleries/{gallery}/items/{id}/picture ?size=thumbnail|full -> image/jpeg, with an ETag
 *     POST   /v1/search                                 search -> searchAnswer
 *     POST   /v1/explain                                explain -> explanation
 *     POST   /v1/caption                                caption -> captionAnswer
 *     POST   /v1/suggest                                suggest -> suggestions
 *     GET    /healthz, /readyz, /metrics, /openapi.json, /docs
 *
 * suggest takes JSON; search, explain and caption take JSON, or multipart with the JSON as the part "request" and uploads as file parts whose names the
 * JSON's pictures give as `upload`. An error is `problem` with its HTTP status.
 */
import { z } from 'zod';

export const galleryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
export const itemId = z.string().min(1).max(512);
export const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const part = z.number().min(0).max(1);
/** A part of an upright picture: its place and size in parts of the picture's width and height. */
export const box = z
  .strictObject({ left: part, top: part, width: part.positive(), height: part.positive() })
  .refine(
    ({ left, top, width, height }) => left + width <= 1 + 1e-6 && top + height <= 1 + 1e-6,
    'the box must lie in the picture',
  )
  .meta({ id: 'Box' });

/** A picture of the gallery, an upload of this request, or (where the server allows it) a URL; with a box, that part of it alone. */
export const imageReference = z
  .union([
    z.strictObject({ id: itemId, box: box.optional() }),
    z.strictObject({ upload: z.string().min(1).max(64), box: box.optional() }),
    z.strictObject({ url: z.url().max(2048), box: box.optional() }),
  ])
  .meta({ id: 'PictureReference' });

export const gallery = z
  .strictObject({
    name: galleryName,
    count: z.int().nonnegative(),
    model: z.strictObject({ hash: z.string(), encoder: z.string() }),
    /** A name for each factor: the words that it follows most, or "factor 3" where none is clear. */
    factors: z.array(z.string()),
    /** Fields that items can be filtered by, with some of their values. */
    fields: z.array(
      z.strictObject({
        name: z.string(),
        type: z.enum(['string', 'number', 'boolean', 'mixed']),
        values: z.array(z.union([z.string(), z.number(), z.boolean()])).max(100),
        /** How many items have each value; left out of numbers. */
        counts: z.array(z.int().nonnegative()).max(100).optional(),
        /** Whether the counts are estimated from a sample of the items. */
        approximate: z.boolean().optional(),
      }),
    ),
    /** Fields to show of each hit, in this order, as whoever serves the gallery wants it. */
    show: z.array(z.string()).optional(),
    /** Where the model is still being trained while it answers: the epoch of the one that does, and how many there will be. */
    training: z
      .strictObject({ epoch: z.int().positive(), epochs: z.int().positive(), ended: z.boolean() })
      .meta({ id: 'Training' })
      .optional(),
    /** Whether the server can say what changes between two pictures. */
    captions: z.boolean(),
  })
  .meta({ id: 'Gallery' });
export const galleries = z.strictObject({ galleries: z.array(gallery) }).meta({ id: 'Galleries' });

export const item = z
  .strictObject({
    id: itemId,
    /** SHA-256 of the picture's file. */
    content: z.string(),
    metadata,
  })
  .meta({ id: 'Item' });
export const listQuery = z.strictObject({
  cursor: z.string().max(2048).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  filter: z.string().max(2000).optional(),
});
/** What a person should know of an answer, such as that the filter names a field that no item has; sentences. */
const notes = z.array(z.string());
export const itemList = z
  .strictObject({ items: z.array(item), cursor: z.string().optional(), notes: notes.optional() })
  .meta({ id: 'ItemList' });

export const countQuery = z.strictObject({ filter: z.string().max(2000).optional() });
export const countAnswer = z
  .strictObject({
    /** Items that pass the filter; all without one. */
    count: z.int().nonnegative(),
  })
  .meta({ id: 'CountAnswer' });

export const suggest = z
  .strictObject({
    gallery: galleryName,
    /** The id of the picture that is to be changed; its own values are not suggested. */
    reference: itemId.optional(),
    /** What is being typed: suggestions go on from it. */
    text: z.string().max(1000).optional(),
    /** What was said before: it is not suggested again. */
    texts: z.array(z.string().max(1000)).max(16).default([]),
    count: z.int().min(1).max(20).default(5),
  })
  .meta({ id: 'Suggest' });
export const suggestions = z
  .strictObject({
    /** Texts of the model's training that fit; of a model that kept none, of what it has words for. */
    suggestions: z.array(z.string()),
    /** Each of the texts that has words which the model has never seen, with the nearest that it has. */
    unknown: z.array(
      z.strictObject({
        text: z.string(),
        words: z.array(z.strictObject({ word: z.string(), nearest: z.array(z.string()) })),
        /** The text with the nearest words in their place. */
        corrected: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Suggestions' });

export const search = z
  .strictObject({
    gallery: galleryName,
    references: z.array(imageReference).max(8).default([]),
    texts: z.array(z.string().max(1000)).max(16).default([]),
    negatives: z.array(imageReference).max(8).default([]),
    negativeWeight: z.number().min(0).max(2).optional(),
    weights: z.array(z.number().min(0).max(10)).max(256).optional(),
    filter: z.string().max(2000).optional(),
    k: z.int().min(1).max(200).default(20),
    excludeReferences: z.boolean().default(true),
    /** Of the answer before, with everything else as it was. */
    cursor: z.string().max(2048).optional(),
  })
  .meta({ id: 'Search' });

export const hit = z
  .strictObject({
    id: itemId,
    rank: z.int().positive(),
    score: z.number(),
    matching: z.number(),
    factors: z.array(z.number()),
    negative: z.number(),
    metadata,
  })
  .meta({ id: 'Hit' });
export const searchAnswer = z
  .strictObject({ hits: z.array(hit), cursor: z.string().optional(), notes, milliseconds: z.number() })
  .meta({ id: 'SearchAnswer' });

const heatMap = z
  .strictObject({ columns: z.int().positive(), rows: z.int().positive(), weights: z.array(z.number()) })
  .meta({ id: 'HeatMap' });
export const explain = search.omit({ k: true, cursor: true }).extend({ hit: itemId }).meta({ id: 'Explain' });
export const explanation = z
  .strictObject({
    hit,
    factors: z.array(z.strictObject({ name: z.string(), share: z.number(), reference: heatMap.optional(), hit: heatMap })),
  })
  .meta({ id: 'Explanation' });

export const caption = z
  .strictObject({ gallery: galleryName, reference: imageReference, target: imageReference })
  .meta({ id: 'Caption' });
export const captionAnswer = z.strictObject({ text: z.string() }).meta({ id: 'CaptionAnswer' });

export const problem = z
  .strictObject({
    error: z.strictObject({
      /** A LimnErrorCode, or one of HTTP's own: UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, RATE_LIMITED, TIMEOUT, BUSY, INTERNAL. */
      code: z.string(),
      /** What happened, why, and what to do. */
      message: z.string(),
      /** The id of the request, as in the log and the header x-request-id. */
      request: z.string(),
    }),
  })
  .meta({ id: 'Problem' });

// What a caller sends (defaults may be left out) and what it gets.
export type ApiImageReference = z.input<typeof imageReference>;
export type ApiBox = z.output<typeof box>;
export type ApiMetadata = z.output<typeof metadata>;
export type ApiGallery = z.output<typeof gallery>;
export type Galleries = z.output<typeof galleries>;
export type Item = z.output<typeof item>;
export type ApiListQuery = z.input<typeof listQuery>;
export type ItemList = z.output<typeof itemList>;
export type CountQuery = z.input<typeof countQuery>;
export type CountAnswer = z.output<typeof countAnswer>;
export type Suggest = z.input<typeof suggest>;
export type ApiSuggestions = z.output<typeof suggestions>;
export type Search = z.input<typeof search>;
export type Hit = z.output<typeof hit>;
export type ApiSearchAnswer = z.output<typeof searchAnswer>;
export type Explain = z.input<typeof explain>;
export type ApiExplanation = z.output<typeof explanation>;
export type ApiCaption = z.input<typeof caption>;
export type CaptionAnswer = z.output<typeof captionAnswer>;
export type Problem = z.output<typeof problem>;
