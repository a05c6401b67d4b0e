/** A PostgreSQL with pgvector, as WebAssembly in this process, its data in a folder. */
export async function startPglite(folder: string) {
  const [{ PGlite }, { vector }, { PGLiteSocketServer }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite-pgvector'),
    import('@electric-sql/pglite-socket'),
  ]);
  const db = await PGlite.create(folder, { extensions: { vector } });
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 20 });
  await server.start();
  return {
    location: `postgres://postgres:none@${server.getServerConn()}/postgres?gallery=bench`,
    async close() {
      await server.stop();
      await db.close();
    },
  };
}
