/** What a PostgreSQL store can be told. The package pg is not imported here, so that its types are not needed either. */

export interface PgOptions {
  /** Connections to the database, at most. @default 10 */
  connections?: number | undefined;
  /** Rows from which the matching vectors have an index; smaller galleries are searched exactly. @default 50,000 */
  vectorRows?: number | undefined;
}
