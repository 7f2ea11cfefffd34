/**
 * The WebSockets of a soak: two that send a frame to and fro, and one that comes and goes. Argument: the address. It does what it is
 * asked on its standard input.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import type { LoadReport } from './spec.ts';

const localExperimental = 0x88b5; // [IEEE 802, 9.2.4]

/** How often one comes and goes, in milliseconds. */
const visitInterval = 200;

const address = process.argv[2] ?? '';
const [here, there] = [await connect(), await connect()];
const visitor = 0xfff2;
let trips = 0;
let visits = 0;
let idle = true;
let busy = false;
let visiting: NodeJS.Timeout | undefined;
let settled: (() => void) | undefined;

there.on('message', (data: Buffer) => {
  if (isFrom(data, 0xfff0)) there.send(frame(0xfff1, 0xfff0));
});
here.on('message', (data: Buffer) => {
  if (!isFrom(data, 0xfff1) || isBroadcast(data)) return;
  trips++;
  idle = true;
  if (busy) ask();
  else settled?.();
});
here.send(frame(0xfff0, 'all'));
there.send(frame(0xfff1, 'all'));
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [question, id] = line.split(' ');
    void answer(question ?? '', Number(id));
  })
  .once('close', () => process.exit());
process.stdout.write('ready\n');

async function answer(question: string, id: number): Promise<void> {
  if (question === 'run') {
    busy = true;
    if (idle) ask();
    visiting ??= setInterval(() => void visit(), visitInterval);
  }
  if (question === 'quiet') {
    busy = false;
    clearInterval(visiting);
    visiting = undefined;
    if (!idle) await new Promise<void>((resolve) => (settled = resolve));
  }
  const report: LoadReport = { id, progress: { 'canary of WebSockets': trips, 'visits of WebSockets': visits }, stations: {}, faults: [] };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function ask(): void {
  idle = false;
  here.send(frame(0xfff0, 0xfff1));
}

async function visit(): Promise<void> {
  const socket = await connect();
  socket.send(frame(visitor, 'all'));
  if (visits++ % 2 === 0) socket.terminate();
  else socket.close();
}

async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

function frame(from: number, to: number | 'all'): Buffer {
  const octets = Buffer.alloc(60);
  if (to === 'all') octets.fill(0xff, 0, 6);
  else octets.writeUIntBE(0x0200_0000_0000 + to, 0, 6);
  octets.writeUIntBE(0x0200_0000_0000 + from, 6, 6);
  octets.writeUInt16BE(localExperimental, 12);
  return octets;
}

function isFrom(data: Buffer, from: number): boolean {
  return data.readUInt16BE(10) === from && data.readUInt32BE(6) === 0x0200_0000;
}

function isBroadcast(data: Buffer): boolean {
  return data[0] === 0xff;
}
