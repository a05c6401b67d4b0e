// A PostgreSQL with its data in a folder, in a process that a test may kill: node pg-child.mjs FOLDER PORT
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const [folder, port] = process.argv.slice(2);
const db = await PGlite.create({ dataDir: folder, extensions: { vector } });
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: Number(port), maxConnections: 50 });
await server.start();
process.stdout.write(`${server.getServerConn().split(':').at(-1)}\n`);
