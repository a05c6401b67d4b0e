/** The routes as the OpenAPI document has them. Bodies are read and checked by the handlers, within the limits. */
import { createRoute, z } from '@hono/zod-openapi';
import * as contract from './contract.js';

const galleryParams = z.object({ gallery: contract.galleryName.describe('The name of a gallery.') });
const itemParams = galleryParams.extend({
  id: contract.itemId.describe('The id of an item, percent-encoded, also its slashes.'),
});

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const failure = { default: json(contract.problem, 'What went wrong.') };
const readKey = { security: [{ key: ['read'] }] };
const writeKey = { security: [{ key: ['write'] }] };

const schemaOf = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const file = { type: 'string', format: 'binary', description: 'A picture: JPEG, PNG, WebP, AVIF, GIF or TIFF.' } as const;
/** A body that is the JSON of a schema, or multipart with that as its part "request" and the uploads as further parts. */
const jsonOrMultipart = (name: string) => ({
  body: {
    required: true,
    content: {
      'application/json': { schema: schemaOf(name) },
      'multipart/form-data': {
        schema: {
          type: 'object' as const,
          properties: { request: schemaOf(name) },
          required: ['request'],
          additionalProperties: file,
          description: 'The JSON as the part "request", and each upload as a part of the name that the JSON gives it.',
        },
        encoding: { request: { contentType: 'application/json' } },
      },
    },
  },
});

export const galleriesRoute = createRoute({
  method: 'get',
  path: '/v1/galleries',
  operationId: 'galleries',
  tags: ['Galleries'],
  summary: 'All galleries of this server',
  ...readKey,
  responses: { 200: json(contract.galleries, 'The galleries.'), ...failure },
});

export const galleryRoute = createRoute({
  method: 'get',
  path: '/v1/galleries/{gallery}',
  operationId: 'gallery',
  tags: ['Galleries'],
  summary: 'One gallery: its size, its model, its factors and the fields to filter by',
  ...readKey,
  request: { params: galleryParams },
  responses: { 200: json(contract.gallery, 'The gallery.'), ...failure },
});

export const countRoute = createRoute({
  method: 'get',
  path: '/v1/galleries/{gallery}/count',
  operationId: 'count',
  tags: ['Galleries'],
  summary: 'How many items of a gallery pass a filter',
  ...readKey,
  request: { params: galleryParams, query: contract.countQuery },
  responses: { 200: json(contract.countAnswer, 'The count.'), ...failure },
});

export const itemsRoute = createRoute({
  method: 'get',
  path: '/v1/galleries/{gallery}/items',
  operationId: 'items',
  tags: ['Items'],
  summary: 'The items of a gallery in the order of their ids, page by page',
  ...readKey,
  request: { params: galleryParams, query: contract.listQuery },
  responses: { 200: json(contract.itemList, 'A page of items, with a cursor where more follow.'), ...failure },
});

export const itemRoute = createRoute({
  method: 'get',
  path: '/v1/galleries/{gallery}/items/{id}',
  operationId: 'item',
  tags: ['Items'],
  summary: 'One item',
  ...readKey,
  request: { params: itemParams },
  responses: { 200: json(contract.item, 'The item.'), ...failure },
});

export const putItemRoute = createRoute({
  method: 'put',
  path: '/v1/galleries/{gallery}/items/{id}',
  operationId: 'putItem',
  tags: ['Items'],
  summary: 'Adds an item, or replaces the one of that id',
  ...writeKey,
  request: {
    params: itemParams,
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object' as const,
            properties: { picture: file, metadata: schemaOf('Metadata') },
            required: ['picture'],
          },
          encoding: { metadata: { contentType: 'application/json' } },
        },
      },
    },
  },
  responses: { 200: json(contract.item, 'The item as it is now. Searches find it.'), ...failure },
});

export const deleteItemRoute = createRoute({
  method: 'delete',
  path: '/v1/galleries/{gallery}/items/{id}',
  operationId: 'deleteItem',
  tags: ['Items'],
  summary: 'Deletes an item',
  ...writeKey,
  request: { params: itemParams },
  responses: { 204: { description: 'The item is gone.' }, ...failure },
});

export const imageSizes = ['thumbnail', 'full'] as const;
export const imageRoute = createRoute({
  method: 'get',
  path: '/v1/galleries/{gallery}/items/{id}/picture',
  operationId: 'picture',
  tags: ['Items'],
  summary: 'The picture of an item, small or whole, as JPEG with an ETag',
  ...readKey,
  request: { params: itemParams, query: z.object({ size: z.enum(imageSizes).default('full') }) },
  responses: {
    200: { description: 'The picture.', content: { 'image/jpeg': { schema: { type: 'string' as const, format: 'binary' } } } },
    304: { description: 'The caller has it already.' },
    ...failure,
  },
});

export const searchRoute = createRoute({
  method: 'post',
  path: '/v1/search',
  operationId: 'search',
  tags: ['Search'],
  summary: 'Finds the pictures that references, changed as texts say, mean',
  ...readKey,
  request: jsonOrMultipart('Search'),
  responses: { 200: json(contract.searchAnswer, 'The hits, best first, with a cursor where more follow.'), ...failure },
});

export const explainRoute = createRoute({
  method: 'post',
  path: '/v1/explain',
  operationId: 'explain',
  tags: ['Search'],
  summary: 'Says why a picture matches: the score and heat map of each factor',
  ...readKey,
  request: jsonOrMultipart('Explain'),
  responses: { 200: json(contract.explanation, 'The explanation.'), ...failure },
});

export const captionRoute = createRoute({
  method: 'post',
  path: '/v1/caption',
  operationId: 'caption',
  tags: ['Search'],
  summary: 'Says in words what changes from one picture to another',
  ...readKey,
  request: jsonOrMultipart('Caption'),
  responses: { 200: json(contract.captionAnswer, 'The text.'), ...failure },
});

export const suggestRoute = createRoute({
  method: 'post',
  path: '/v1/suggest',
  operationId: 'suggest',
  tags: ['Search'],
  summary: 'Texts to try, the words of texts that the model has never seen, and filters that the texts say in words',
  ...readKey,
  request: { body: { required: true, content: { 'application/json': { schema: schemaOf('Suggest') } } } },
  responses: { 200: json(contract.suggestions, 'The suggestions.'), ...failure },
});

export const choicesRoute = createRoute({
  method: 'post',
  path: '/v1/galleries/{gallery}/choices',
  operationId: 'choose',
  tags: ['Search'],
  summary: 'Keeps which result a person chose, on a server that was started with --keep-choices',
  ...readKey,
  request: {
    params: galleryParams,
    body: { required: true, content: { 'application/json': { schema: schemaOf('Choice') } } },
  },
  responses: { 200: json(contract.choiceAnswer, 'Whether it was kept.'), ...failure },
});

const status = z.strictObject({ status: z.string() });
export const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'health',
  tags: ['Operation'],
  summary: 'Whether the process lives',
  responses: { 200: json(status, 'It does.') },
});

export const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'ready',
  tags: ['Operation'],
  summary: 'Whether requests are to be sent here: the stores answer and the server is not ending',
  responses: { 200: json(status, 'They are.'), 503: json(contract.problem, 'Not now.') },
});

export const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'metrics',
  tags: ['Operation'],
  summary: 'Metrics in the format of Prometheus',
  ...readKey,
  responses: { 200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } }, ...failure },
});
