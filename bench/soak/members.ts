/**
 * Hosts at the door of a star in a soak: a member that joins, links and goes, and strangers. Arguments: the line to join by, and the directory
 * of its switch. It does what it is asked on its standard input.
 */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { realClock } from '../../src/clock.ts';
import { Scope } from '../../src/daemon/scope.ts';
import { StateDirectory } from '../../src/daemon/state-directory.ts';
import { SwitchService } from '../../src/daemon/switch-service.ts';
import { GroupSlave } from '../../src/launcher/group-slave.ts';
import { quietLog } from '../../src/log.ts';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { StreamDialer } from '../../src/ports/stream/stream-dialer.ts';
import { realRandom } from '../../src/random.ts';
import { parseInvitation } from '../../src/star/invitation.ts';
import { dialMaster } from '../../src/star/node/dial-master.ts';
import { starProtocols } from '../../src/star/node/handshake.ts';
import { newIdentity } from '../../src/star/node/identity-files.ts';
import { TlsSecurity } from '../../src/star/node/tls-security.ts';
import type { LoadReport } from './spec.ts';

/** The time between two that come, in milliseconds. */
const interval = 200;
/** How long a link may take to come up, in milliseconds. */
const patience = 15_000;

const [line = '', directory = ''] = process.argv.slice(2);
const { plane } = await SwitchService.open({ directory }, { clock: realClock, random: realRandom, log: quietLog });
const environment = { ...plane.environment, random: realRandom };
const invitation = parseInvitation(line);
const [address] = invitation.places;
const progress = { 'member that comes and goes': 0, 'stranger with a key': 0, 'stranger without TLS': 0 };
const faults: string[] = [];
let busy = false;
let working: Promise<void> = Promise.resolve();

createInterface({ input: process.stdin })
  .on('line', (asked) => {
    const [question, id] = asked.split(' ');
    void answer(question ?? '', Number(id));
  })
  .once('close', () => process.exit());
process.stdout.write('ready\n');

async function answer(question: string, id: number): Promise<void> {
  if (question === 'run' && !busy) {
    busy = true;
    working = work();
  }
  if (question === 'quiet') {
    busy = false;
    await working;
  }
  const report: LoadReport = { id, progress, stations: {}, faults };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function work(): Promise<void> {
  while (busy) {
    for (const [name, act] of [
      ['member that comes and goes', comeAndGo],
      ['stranger with a key', knock],
      ['stranger without TLS', shout],
    ] as const) {
      try {
        await act();
        progress[name]++;
      } catch (error) {
        faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await delay(interval);
    }
  }
}

/** Joins by the line, or again by the key, and is linked for a moment. */
async function comeAndGo(): Promise<void> {
  const scope = new Scope();
  try {
    const state = scope.use(StateDirectory.open(`${directory}-state`));
    const group = scope.use(await GroupSlave.open({ join: { invitation } }, state, environment));
    await group.admitted(AbortSignal.timeout(patience));
    const { port } = scope.use(new StreamDialer(group.link, { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, environment));
    plane.add(port);
    // The master's switch has greeted: it takes long frames.
    const end = performance.now() + patience;
    while (port.sendable < 10_000) {
      if (performance.now() > end) throw new Error(`it was not linked after ${patience / 1000} s`);
      await delay(5);
    }
  } finally {
    await scope[Symbol.asyncDispose]();
  }
}

/** Makes a whole handshake for a link with a key that is no member's. The master closes the connection. */
async function knock(): Promise<void> {
  using security = new TlsSecurity(await newIdentity(), environment);
  const target = { address, pin: invitation.pin, identity: 'current' } as const;
  const means = { security: () => security, environment };
  const { channel } = await dialMaster(target, starProtocols.link, means, AbortSignal.timeout(patience));
  await new Promise<void>((resolve) => {
    const watch = channel.watch({ readable: true, writable: false }, () => {
      const { streams } = environment.loop;
      if (channel.receive(streams, new Uint8Array(0)) === 'EAGAIN') return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
  channel[Symbol.dispose]();
}

/** Sends something that is no TLS, and is no frame. */
async function shout(): Promise<void> {
  const colon = address.lastIndexOf(':');
  const socket = createConnection(Number(address.slice(colon + 1)), address.slice(0, colon));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  socket.end('\x16\x03\x01 no handshake at all');
  socket.resume();
  await closed;
}
