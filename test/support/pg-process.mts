/** A PostgreSQL with pgvector in a process of its own, on files: `pg-process.mts FOLDER PORT`. It says when it takes connections. */
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const [, , folder, port] = process.argv;
const db = await PGlite.create({ dataDir: folder as string, extensions: { vector } });
await new PGLiteSocketServer({ db, host: '127.0.0.1', port: Number(port), maxConnections: 50 }).start();
process.stdout.write('ready\n');
