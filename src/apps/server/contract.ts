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
 *     POST   /v1/galleries/{gallery}/choices            choice -> choiceAnswer
 *     GET    /healthz, /readyz, /metrics, /openapi.json, /docs
 *
 * suggest and choices take JSON; search, explain and caption take JSON, or multipart with the JSON as the part "request" and uploads as file parts whose names the
 * JSON's pictures give as `upload`. An error is `problem` with its HTTP status.
 */
import { z } from 'zod';

export const galleryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
export const itemId = z.string().min(1).max(512);
/** Fields of an image by name. `null` stands for a missing value. */
export const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const part = z.number().min(0).max(1);
/** A part of an upright picture: its place and size in parts of the picture's width and height. */
export const box = z
  .strictObject({
    /** The left edge, as a fraction of the image's width from 0 to 1. */
    left: part,
    /** The top edge, as a fraction of the image's height from 0 to 1. */
    top: part,
    /** The width, as a fraction of the image's width. */
    width: part.positive(),
    /** The height, as a fraction of the image's height. */
    height: part.positive(),
  })
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

/** A gallery as the API describes it. */
export const gallery = z
  .strictObject({
    /** The name under which it is served. */
    name: galleryName,
    /** How many images it has. */
    count: z.int().nonnegative(),
    /** The model that embedded the images: the hash of its weights, and its image encoder. */
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
    /** Whether the server keeps which result people choose. @default false */
    keepsChoices: z.boolean().optional(),
  })
  .meta({ id: 'Gallery' });
export const galleries = z.strictObject({ galleries: z.array(gallery) }).meta({ id: 'Galleries' });

/** An image of a gallery. */
export const item = z
  .strictObject({
    /** Unique in its gallery. */
    id: itemId,
    /** SHA-256 of the picture's file. */
    content: z.string(),
    metadata,
  })
  .meta({ id: 'Item' });
/** A page of a gallery's images. */
export const listQuery = z.strictObject({
  /** Where the page starts: the `cursor` of the previous answer. @default the first page */
  cursor: z.string().max(2048).optional(),
  /** Images a page, 1 to 1,000. @default 100 */
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  /** A filter, such as `price < 50`. @default all images */
  filter: z.string().max(2000).optional(),
});
/** What a person should know of an answer, such as that the filter names a field that no item has; sentences. */
const notes = z.array(z.string());
/** A page of images, in the order of their ids. */
export const itemList = z
  .strictObject({
    /** The images. */
    items: z.array(item),
    /** For the next page; absent after the last one. */
    cursor: z.string().optional(),
    /** Remarks on the answer, such as an unknown field in the filter. */
    notes: notes.optional(),
  })
  .meta({ id: 'ItemList' });

/** What is counted. */
export const countQuery = z.strictObject({
  /** A filter, such as `price < 50`. @default all images */
  filter: z.string().max(2000).optional(),
});
export const countAnswer = z
  .strictObject({
    /** Items that pass the filter; all without one. */
    count: z.int().nonnegative(),
  })
  .meta({ id: 'CountAnswer' });

/** Asks for texts that could come next. */
export const suggest = z
  .strictObject({
    /** Name of the gallery. */
    gallery: galleryName,
    /** The id of the picture that is to be changed; its own values are not suggested. */
    reference: itemId.optional(),
    /** What is being typed: suggestions go on from it. */
    text: z.string().max(1000).optional(),
    /** What was said before: it is not suggested again. */
    texts: z.array(z.string().max(1000)).max(16).default([]),
    /** How many suggestions, 1 to 20. @default 5 */
    count: z.int().min(1).max(20).default(5),
  })
  .meta({ id: 'Suggest' });
/** A filter that words of the texts say; the caller decides whether it is used. */
const filterSuggestion = z
  .strictObject({
    /** In the filter language, such as `price < 50`. */
    filter: z.string(),
    /** Name of the field that it is about. */
    field: z.string(),
    /** The words that say it, such as "under 50". */
    words: z.string(),
  })
  .meta({ id: 'FilterSuggestion' });
/** Texts that could come next, words that the model does not know, and filters that the texts say in words. */
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
    /** At most six, in the order in which the texts say them. */
    filters: z.array(filterSuggestion),
  })
  .meta({ id: 'Suggestions' });

/** A search of a gallery. */
export const search = z
  .strictObject({
    /** Name of the gallery. */
    gallery: galleryName,
    /**
     * Up to 8 images to start from. Several are averaged; without any, the texts are composed with the average image.
     * @default none
     */
    references: z.array(imageReference).max(8).default([]),
    /** Up to 16 texts that say what to change, joined with "and". @default none */
    texts: z.array(z.string().max(1000)).max(16).default([]),
    /** Up to 8 images that the hits should not resemble. @default none */
    negatives: z.array(imageReference).max(8).default([]),
    /** How much resembling the negatives costs, 0 to 2. @default 0.5 */
    negativeWeight: z.number().min(0).max(2).optional(),
    /** The weight of each factor, 0 to 10, in the order of the gallery's `factors`. @default 1 / K for each of the K factors */
    weights: z.array(z.number().min(0).max(10)).max(256).optional(),
    /** A filter, such as `price < 50`. @default all images */
    filter: z.string().max(2000).optional(),
    /** Hits a page, 1 to 200. @default 20 */
    k: z.int().min(1).max(200).default(20),
    /** Leave the references out of the hits. @default true */
    excludeReferences: z.boolean().default(true),
    /** Of the answer before, with everything else as it was. */
    cursor: z.string().max(2048).optional(),
  })
  .meta({ id: 'Search' });

/** An image that a search found. */
export const hit = z
  .strictObject({
    /** Id of the image. */
    id: itemId,
    /** From 1, over all pages. */
    rank: z.int().positive(),
    /** `matching` plus the sum of `factors`, minus `negative`. */
    score: z.number(),
    /** The cosine of the matching tokens, -1 to 1. */
    matching: z.number(),
    /** Each factor's share of the score; empty for models without factors. */
    factors: z.array(z.number()),
    /** What resembling the negatives cost; 0 without negatives. */
    negative: z.number(),
    metadata,
  })
  .meta({ id: 'Hit' });
/** A page of hits, best first. */
export const searchAnswer = z
  .strictObject({
    /** The hits. */
    hits: z.array(hit),
    /** For the next page; absent after the last one. */
    cursor: z.string().optional(),
    notes,
    /** How long the search took on the server. */
    milliseconds: z.number(),
  })
  .meta({ id: 'SearchAnswer' });

/** Which result a person chose, to be learned from. Nothing of an image is sent. */
export const choice = z
  .strictObject({
    /** What the search began with. Of the gallery's images the ids are kept; of uploads and URLs only how many there were. @default none */
    references: z
      .array(
        z.union([
          z.strictObject({ id: itemId, box: box.optional() }),
          z.strictObject({ upload: z.literal(true) }),
          z.strictObject({ url: z.literal(true) }),
        ]),
      )
      .max(8)
      .default([]),
    /** The texts of the search. @default none */
    texts: z.array(z.string().max(1000)).max(16).default([]),
    /** Ids of images of the gallery that the hits were not to resemble. @default none */
    negatives: z.array(itemId).max(8).default([]),
    /** The filter of the search. @default none */
    filter: z.string().max(2000).optional(),
    /** Which search of the person's it was, from 1. @default not known */
    turn: z.int().min(1).max(1000).optional(),
    /** Ids of the hits that were shown, in their order, 1 to 200. */
    shown: z.array(itemId).min(1).max(200),
    /** The id of the one that was chosen. */
    chosen: itemId,
  })
  .refine(({ shown, chosen }) => shown.includes(chosen), 'the chosen id must be one of those that were shown')
  .meta({ id: 'Choice' });
/** What became of a choice. */
export const choiceAnswer = z
  .strictObject({
    /** Whether it is on disk. A full disk stops no search: the choice is lost, and the server's log says so. */
    kept: z.boolean(),
  })
  .meta({ id: 'ChoiceAnswer' });

const heatMap = z
  .strictObject({ columns: z.int().positive(), rows: z.int().positive(), weights: z.array(z.number()) })
  .meta({ id: 'HeatMap' });
/** Asks why a search found an image. */
export const explain = search
  .omit({ k: true, cursor: true })
  .extend({
    /** Id of the hit to explain. */
    hit: itemId,
  })
  .meta({ id: 'Explain' });
/** Why a search found an image. */
export const explanation = z
  .strictObject({
    hit,
    /** For each factor: its name, its share of the score, and where it looks in the reference and in the hit. */
    factors: z.array(z.strictObject({ name: z.string(), share: z.number(), reference: heatMap.optional(), hit: heatMap })),
  })
  .meta({ id: 'Explanation' });

/** Asks what changes from one image to another. */
export const caption = z
  .strictObject({
    /** Name of the gallery. */
    gallery: galleryName,
    /** The image that changes. */
    reference: imageReference,
    /** What it changes into. */
    target: imageReference,
  })
  .meta({ id: 'Caption' });
/** What changes, in words. */
export const captionAnswer = z
  .strictObject({
    /** The generated text. */
    text: z.string(),
  })
  .meta({ id: 'CaptionAnswer' });

/** The answer of a request that failed. */
export const problem = z
  .strictObject({
    /** What went wrong. */
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
/** A reference or negative in a request: an image of the gallery, an upload, or a URL. */
export type ApiImageReference = z.input<typeof imageReference>;
/** A part of an image. */
export type ApiBox = z.output<typeof box>;
/** Metadata of an image. */
export type ApiMetadata = z.output<typeof metadata>;
/** A gallery as the API describes it. */
export type ApiGallery = z.output<typeof gallery>;
export type Galleries = z.output<typeof galleries>;
/** An image of a gallery. */
export type Item = z.output<typeof item>;
/** What a list of images takes. */
export type ApiListQuery = z.input<typeof listQuery>;
/** A page of a gallery's images. */
export type ItemList = z.output<typeof itemList>;
/** What a count takes. */
export type CountQuery = z.input<typeof countQuery>;
export type CountAnswer = z.output<typeof countAnswer>;
/** What a request for suggestions takes. */
export type Suggest = z.input<typeof suggest>;
/** Suggested texts, unknown words, and suggested filters. */
export type ApiSuggestions = z.output<typeof suggestions>;
/** Which result a person chose. */
export type ApiChoice = z.input<typeof choice>;
export type ChoiceAnswer = z.output<typeof choiceAnswer>;
/** What a search takes. */
export type Search = z.input<typeof search>;
/** An image that a search found. */
export type Hit = z.output<typeof hit>;
/** What a search answers. */
export type ApiSearchAnswer = z.output<typeof searchAnswer>;
/** What an explanation takes. */
export type Explain = z.input<typeof explain>;
/** Why a search found an image. */
export type ApiExplanation = z.output<typeof explanation>;
/** What a caption of a difference takes. */
export type ApiCaption = z.input<typeof caption>;
/** What changes from one image to another. */
export type CaptionAnswer = z.output<typeof captionAnswer>;
/** What a request that failed is answered with. */
export type Problem = z.output<typeof problem>;
