/**
 * The work of 64 KiB from one end of a connection to the other, both in this process: plain or through TLS, by our calls or by Node's streams. The
 * argument names the way. Prints the processor time of a transfer in microseconds.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { ownName } from '../../src/system/socket-name.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../src/system/tcp-socket.ts';
import { TlsContext } from '../../src/system/tls-context.ts';
import { accept, listen, type Fd } from '../../src/system/unix-socket.ts';
import { newIdentity } from '../../src/star/node/identity-files.ts';

const size = 65_536;
const host = '127.0.0.1';
const protocol = 'etherloom/link/1';
const batch = 500;
const [way = '', seconds = '1'] = process.argv.slice(2);
const identity = await newIdentity();

/** Carries 64 KiB from one end to the other. */
type Transfer = () => void | Promise<void>;

const ways: Readonly<Record<string, () => Transfer | Promise<Transfer>>> = { plain, tls, 'node-plain': nodePlain, 'node-tls': nodeTls };
const transfer = await (ways[way] ?? plain)();
await many();
console.log(`${await best()}`);
// Open connections would keep it alive.
process.exit();

/** Returns the lowest processor time of a transfer in the batches of so many seconds. */
async function best(): Promise<number> {
  let lowest = Infinity;
  for (const end = performance.now() + Number(seconds) * 1000; performance.now() < end;) {
    const before = process.cpuUsage();
    await many();
    const { user, system } = process.cpuUsage(before);
    lowest = Math.min(lowest, (user + system) / batch);
  }
  return lowest;
}

async function many(): Promise<void> {
  for (let i = 0; i < batch; i++) {
    const done = transfer();
    if (done) await done;
  }
}

function pair(): [Fd, Fd] {
  const bound = boundTcpSocket(host, 0, 10_000);
  listen(bound, 1);
  const near = tcpSocket(host, 10_000);
  connectTcp(near, host, ownName(bound).port);
  let far = accept(bound);
  while (far === undefined) far = accept(bound);
  return [near, far];
}

function plain(): Transfer {
  const [near, far] = pair();
  const [from, to] = [new StreamMemory(size), new StreamMemory(size)];
  return () => {
    let sent = 0;
    let got = 0;
    while (got < size) {
      if (sent < size) sent += countOf(from.send(near, sent, size));
      got += countOf(to.receive(far, got, size));
    }
  };
}

function tls(): Transfer {
  const [near, far] = pair();
  const [dialling, accepting] = [
    new TlsContext(identity, { alpn: [protocol] }).connect(near, protocol),
    new TlsContext(identity, { alpn: [protocol] }).accept(far),
  ];
  for (let done = false; !done;) done = [dialling.handshake(), accepting.handshake()].every((state) => state === 'done');
  const [from, to] = [new StreamMemory(size), new StreamMemory(size)];
  return () => {
    let sent = 0;
    let got = 0;
    while (got < size) {
      if (sent < size) sent += countOf(from.sendTo(dialling, sent, size));
      got += countOf(to.receiveFrom(accepting, got, size));
    }
  };
}

function countOf(result: number | string): number {
  if (typeof result === 'number') return result;
  if (result !== 'EAGAIN') throw new Error(result);
  return 0;
}

async function nodePlain(): Promise<Transfer> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const near = connect(portOf(server), host);
  const [far] = (await once(server, 'connection')) as [Socket];
  return overStreams(near, far);
}

async function nodeTls(): Promise<Transfer> {
  const own = { cert: identity.certificate, key: identity.key, rejectUnauthorized: false, ALPNProtocols: [protocol] } as const;
  const suites = { ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' } as const;
  const server = createTlsServer({ ...own, ...suites, requestCert: true }).listen(0, host);
  await once(server, 'listening');
  const near = connectTls({ host, port: portOf(server), ...own, ...suites });
  const [far] = (await once(server, 'secureConnection')) as [Socket];
  return overStreams(near, far);
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function overStreams(near: Socket, far: Socket): Transfer {
  near.setNoDelay();
  const octets = Buffer.alloc(size);
  let got = 0;
  let done: () => void = () => undefined;
  far.on('data', ({ length }: Buffer) => {
    got += length;
    if (got < size) return;
    got -= size;
    done();
  });
  return () =>
    new Promise((resolve) => {
      done = resolve;
      near.write(octets);
    });
}
