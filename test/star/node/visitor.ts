import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { DoorStage } from './door-stage.ts';

/** A relay in front of a door, which keeps all octets that the door says. */
export class Witness {
  /** The octets that the door said, on all connections. */
  told = Buffer.alloc(0);
  port = 0;
  readonly #sockets: Socket[] = [];

  static async before(stage: DoorStage): Promise<Witness> {
    const witness = new Witness();
    const server = createServer((near) => {
      const far = connect(stage.door.port, '127.0.0.1');
      witness.#sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      far.on('data', (octets: Buffer) => (witness.told = Buffer.concat([witness.told, octets])));
      near.pipe(far);
      far.pipe(near);
      far.on('close', () => near.end());
      near.on('close', () => far.destroy());
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of witness.#sockets) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    witness.port = (server.address() as AddressInfo).port;
    return witness;
  }

  /** The records that the door said: the type and the length of each. [RFC 8446, 5.1] */
  get records(): readonly (readonly [type: number, length: number])[] {
    const records: [number, number][] = [];
    for (let at = 0; at + 5 <= this.told.length;) {
      const length = this.told.readUInt16BE(at + 3);
      records.push([this.told[at] ?? 0, length]);
      at += 5 + length;
    }
    return records;
  }
}

/** The view of a client of TLS in Node. */
export interface Seen {
  readonly secured: boolean;
  readonly error: string | undefined;
  /** The octets that came inside TLS. */
  readonly inside: Buffer;
}

/** Connects with Node's own TLS, says `words` inside, and returns what it saw until the connection ended. */
export async function visit(port: number, options: ConnectionOptions, words = Buffer.alloc(0)): Promise<Seen> {
  const socket: TLSSocket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  onTestFinished(() => void socket.destroy());
  let secured = false;
  let inside: Buffer = Buffer.alloc(0);
  let error: string | undefined;
  socket.on('secureConnect', () => {
    secured = true;
    if (words.length > 0) socket.write(words);
  });
  socket.on('data', (octets: Buffer) => {
    inside = Buffer.concat([inside, octets]);
  });
  socket.on('error', (failure: Error) => {
    error = failure.message;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return { secured, error, inside };
}
