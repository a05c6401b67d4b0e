/** A PostgreSQL with pgvector in this process, that the real client connects to. */
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

export interface PgServer {
  /** Of a gallery. */
  location(gallery: string): string;
  /** Ends all connections and takes no new ones. */
  drop(): Promise<void>;
  /** Takes connections again, at the same address. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function startPg(): Promise<PgServer> {
  const db = await PGlite.create({ extensions: { vector } });
  let port = 0;
  let server: PGLiteSocketServer | undefined;
  const listen = async () => {
    server = new PGLiteSocketServer({ db, host: '127.0.0.1', port, maxConnections: 50 });
    await server.start();
    port = Number(server.getServerConn().split(':').at(-1));
  };
  const drop = async () => {
    await server?.stop();
    server = undefined;
  };
  await listen();
  return {
    location: (gallery) => `postgres://postgres:secret@127.0.0.1:${port}/postgres?gallery=${encodeURIComponent(gallery)}`,
    drop,
    listen,
    close: async () => {
      await drop();
      await db.close();
    },
  };
}
