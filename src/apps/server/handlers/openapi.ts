/** The OpenAPI 3.1 document of the server's routes. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import * as contract from '../contract.js';
import type { ServerEnv } from '../state.js';

const about = `Composed image retrieval: search pictures with a picture and a sentence that says what to change.

Where the server has keys, send one as "authorization: Bearer KEY". Every error has the body Problem. A request may carry
x-request-id (up to 64 letters, digits, ".", "_", "-"), which its answer repeats and the server's log has.`;

/** What bodies are made of; answers register themselves with their routes. */
const bodies = {
  Search: contract.search,
  Explain: contract.explain,
  Caption: contract.caption,
  Suggest: contract.suggest,
  Choice: contract.choice,
  Metadata: contract.metadata,
};

/** The document, as JSON has it. @param version of limn */
export function openApiDocument(app: OpenAPIHono<ServerEnv>, version: string): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'limn', version, description: about, license: { name: 'Apache-2.0' } },
    servers: [{ url: '/' }],
  });
  // webhooks: {} is of no use to a reader.
  const { webhooks: _, ...rest } = document;
  return rest as unknown as OpenApiDocument;
}

/** Registers the schemas of bodies, which routes name by reference. */
export function registerBodies(app: OpenAPIHono<ServerEnv>): void {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(bodies)) registry.add(schema, { id });
  registry.add(contract.imageReference, { id: 'PictureReference' });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  for (const [id, schema] of Object.entries(schemas)) {
    const { $schema: _, $id: __, id: ___, ...plain } = schema as Record<string, unknown>;
    app.openAPIRegistry.registerComponent('schemas', id, plain);
  }
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer', description: 'An API key.' });
}

export interface SchemaObject {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, SchemaObject>;
  required?: string[];
  items?: SchemaObject;
  anyOf?: SchemaObject[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  additionalProperties?: boolean | SchemaObject;
  [limit: string]: unknown;
}

export interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: SchemaObject }[];
  requestBody?: { content: Record<string, { schema: SchemaObject }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: SchemaObject }> }>;
}

/** The parts of an OpenAPI document that limn's own has. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, SchemaObject> };
}
