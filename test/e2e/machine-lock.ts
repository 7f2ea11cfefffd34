import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** The loopback port whose holder may use the ports that the documents name. */
const lockPort = 6999;

/**
 * Waits until no other process on this machine holds the ports that the documents name, and holds them until it is disposed: two runs of all tests, by two
 * users, may go on side by side.
 */
export async function holdDocumentedPorts(): Promise<AsyncDisposable> {
  for (;;) {
    const waiting = new Set<Socket>();
    const server = createServer((socket) => void waiting.add(socket.on('error', () => undefined)));
    if (await listens(server)) return { [Symbol.asyncDispose]: () => end(server, waiting) };
    // The holder accepts and says nothing: its end closes the connection.
    const connection = createConnection(lockPort, '127.0.0.1').on('error', () => undefined);
    await once(connection, 'close');
  }
}

function listens(server: Server): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => resolve(true));
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(lockPort, '127.0.0.1');
  });
}

async function end(server: Server, waiting: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of waiting) socket.destroy();
  await closed;
}
