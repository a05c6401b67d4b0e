/** What a LanceDB store can be told. The package of LanceDB is not imported here, so that its types are not needed either. */

export interface IndexSizes {
  /** Rows from which the matching vectors have an index; smaller galleries are searched exactly. @default 50,000 */
  vectorRows?: number | undefined;
  /** Rows from which ids and metadata have indexes. @default 10,000 */
  scalarRows?: number | undefined;
}

/** Settings of galleries in LanceDB. */
export interface LanceOptions extends IndexSizes {
  /** Settings of an object store or service, e.g. `{ region: 'eu-central-1' }`. @default from the environment, e.g. AWS_REGION */
  storage?: Record<string, string> | undefined;
  /** The key of a `db://` service. @default LANCEDB_API_KEY */
  apiKey?: string | undefined;
}
