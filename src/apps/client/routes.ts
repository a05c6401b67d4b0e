/** The routes that the client calls, by the operation ids of the OpenAPI document. */
export const routes = {
  galleries: ['GET', '/v1/galleries'],
  gallery: ['GET', '/v1/galleries/{gallery}'],
  items: ['GET', '/v1/galleries/{gallery}/items'],
  item: ['GET', '/v1/galleries/{gallery}/items/{id}'],
  putItem: ['PUT', '/v1/galleries/{gallery}/items/{id}'],
  deleteItem: ['DELETE', '/v1/galleries/{gallery}/items/{id}'],
  picture: ['GET', '/v1/galleries/{gallery}/items/{id}/picture'],
  count: ['GET', '/v1/galleries/{gallery}/count'],
  search: ['POST', '/v1/search'],
  explain: ['POST', '/v1/explain'],
  caption: ['POST', '/v1/caption'],
  choose: ['POST', '/v1/galleries/{gallery}/choices'],
  suggest: ['POST', '/v1/suggest'],
  ready: ['GET', '/readyz'],
} as const;

export type RouteName = keyof typeof routes;

/** The path of a route with its places filled in. */
export function routePath(route: RouteName, values: Readonly<Record<string, string>> = {}): string {
  return routes[route][1].replace(/{(\w+)}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
