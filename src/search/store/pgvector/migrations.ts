/**
 * The tables of limn in PostgreSQL, in a schema of their own, and how older ones become these. Each migration runs once, in order;
 * a lock keeps several processes that start at once from running them together.
 */
import type { PoolClient } from 'pg';
import { LimnError } from '../../../core/errors.js';

/** Of `pg_advisory_xact_lock`: "limn" as a number. */
const lock = 0x6c696d6e;

/** Never change one that was released: add another. */
const migrations: readonly string[][] = [
  [
    `CREATE TABLE limn.galleries (
       number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text COLLATE "C" NOT NULL UNIQUE,
       info jsonb NOT NULL
     )`,
    // "folded" has those texts of the metadata in lower case that have capitals, for searches in any case.
    // The factor vectors are float32 one after another: they are never compared here, so they need no type of vectors, and re-ranking
    // gives the same order as in every other store. halfvec would need half the space and move scores by about 2e-5.
    `CREATE TABLE limn.items (
       gallery integer NOT NULL REFERENCES limn.galleries,
       id text COLLATE "C" NOT NULL,
       content text NOT NULL,
       location text NOT NULL,
       metadata jsonb NOT NULL,
       folded jsonb NOT NULL,
       matching vector NOT NULL,
       factors bytea NOT NULL,
       PRIMARY KEY (gallery, id)
     ) PARTITION BY LIST (gallery)`,
  ],
];

/** Brings the schema to the newest version. @throws LimnError STORE where pgvector is not installed, or a newer limn was here */
export async function migrate(client: PoolClient): Promise<void> {
  const known = await client
    .query('SELECT version FROM limn.version')
    .then(({ rows }) => rows[0]?.version as number | undefined)
    .catch(() => undefined);
  if (known === migrations.length) return;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [lock]);
    await createExtension(client);
    await client.query('CREATE SCHEMA IF NOT EXISTS limn');
    await client.query('CREATE TABLE IF NOT EXISTS limn.version (version integer NOT NULL)');
    const { rows } = await client.query('SELECT version FROM limn.version');
    const version = (rows[0]?.version as number | undefined) ?? 0;
    if (version > migrations.length) {
      const message = `The database has limn's tables of version ${version}; this limn knows ${migrations.length}. Install a newer limn.`;
      throw new LimnError('STORE', message);
    }
    for (const statement of migrations.slice(version).flat()) await client.query(statement);
    await client.query('DELETE FROM limn.version');
    await client.query('INSERT INTO limn.version VALUES ($1)', [migrations.length]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function createExtension(client: PoolClient): Promise<void> {
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS vector');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `The database has no pgvector, and it cannot be added: ${why}. Install pgvector on the server, and run "CREATE EXTENSION vector" as its owner.`;
    throw new LimnError('STORE', message, { cause: error });
  }
}
