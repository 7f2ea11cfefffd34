/** A stranger at a star's port: attacks from its start until its standard input ends, and then prints its StrangerReport. The argument is a StrangerSpec as JSON. */
import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { realClock } from '../../src/clock.ts';
import { quietLog } from '../../src/log.ts';
import { BreathLoop } from '../../src/plane/breath.ts';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import type { PortEnvironment } from '../../src/ports/environment.ts';
import { connected } from '../../src/ports/stream/dialled.ts';
import type { ByteChannel } from '../../src/ports/stream/byte-channel.ts';
import { starProtocols, type Handshake } from '../../src/star/node/handshake.ts';
import { newIdentity } from '../../src/star/node/identity-files.ts';
import { TlsSecurity } from '../../src/star/node/tls-security.ts';
import { openLoop } from '../../src/system/loop.ts';
import { boundTcpSocket, connectTcp } from '../../src/system/tcp-socket.ts';
import type { Fd } from '../../src/system/unix-socket.ts';
import type { StrangerReport, StrangerSpec } from './spec.ts';

const host = '127.0.0.1';
/** How long it waits for each answer, in milliseconds. */
const patience = 5000;
/** How often it begins connections, in milliseconds. */
const interval = 10;

/** A record of a ClientHello of 512 octets, of which less was sent. */
const unfinished = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(200, 0x5a)]);

const { port, from, halfOpen, handshakes } = JSON.parse(process.argv[2] ?? '') as StrangerSpec;
const report = { opened: 0, held: 0, toldHalfOpen: 0, begun: 0, finished: 0, toldInside: 0 } satisfies StrangerReport;
const environment = environmentOf();
const security = new TlsSecurity(await newIdentity(), environment);
const sockets = new Set<Socket>();
let turn = 0;

const began = performance.now();
const timer = setInterval(attack, interval);
process.stdout.write('attacks\n');
process.stdin.resume().once('end', end);

function attack(): void {
  const seconds = (performance.now() - began) / 1000;
  while (report.opened < halfOpen * seconds) openHalf();
  while (report.begun < handshakes * seconds) {
    report.begun++;
    shake().catch(() => undefined);
  }
}

function end(): void {
  clearInterval(timer);
  report.held = sockets.size;
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

function address(): string {
  return from[turn++ % from.length] ?? host;
}

function openHalf(): void {
  report.opened++;
  const socket = connect({ port, host, localAddress: address() }, () => socket.write(unfinished));
  sockets.add(socket);
  socket.on('data', (octets) => (report.toldHalfOpen += octets.length));
  socket.on('error', () => undefined);
  socket.on('close', () => void sockets.delete(socket));
}

async function shake(): Promise<void> {
  const signal = AbortSignal.timeout(patience);
  const fd = boundTcpSocket(address(), 0, patience);
  connectTcp(fd, host, port);
  await connected(fd, environment, signal, patience);
  const channel = await finish(security.connect(fd, starProtocols.link), fd, signal);
  report.finished++;
  report.toldInside += await drain(channel, signal);
}

/** Drives a handshake to its end. Rejects if it fails. */
function finish(handshake: Handshake, fd: Fd, signal: AbortSignal): Promise<ByteChannel> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      settle();
      handshake[Symbol.dispose]();
      closeSync(fd);
      reject(new Error('no handshake'));
    };
    const settle = (): void => {
      watch[Symbol.dispose]();
      signal.removeEventListener('abort', fail);
    };
    const step = (): void => {
      const state = handshake.step();
      if (state.is === 'waiting') watch.want({ readable: state.until === 'readable', writable: state.until === 'writable' });
      else if (state.is === 'failed') fail();
      else {
        settle();
        resolve(state.established.channel);
      }
    };
    signal.addEventListener('abort', fail);
    const watch = environment.loop.readiness.watch(fd, { readable: false, writable: true }, step);
  });
}

/** Returns the octets that come until the end of a connection. */
function drain(channel: ByteChannel, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let told = 0;
    const done = (): void => {
      signal.removeEventListener('abort', done);
      watch[Symbol.dispose]();
      channel[Symbol.dispose]();
      resolve(told);
    };
    signal.addEventListener('abort', done);
    const watch = channel.watch({ readable: true, writable: false }, () => {
      const { streams } = environment.loop;
      const start = streams.next;
      const got = channel.receive(streams, new Uint8Array(0));
      if (typeof got === 'number' && got > 0) told += got - start;
      else if (got !== 'EAGAIN') done();
    });
  });
}

function environmentOf(): PortEnvironment {
  const breaths = new BreathLoop();
  return {
    clock: realClock,
    log: quietLog,
    breath: breaths.run,
    release: (done) => breaths.release(done),
    loop: openLoop({ frameSize: 2048, breath: breaths.run }),
    budget: new BacklogBudget(),
  };
}
