// Both ends of a TCP link over a bad path; run by tcp-lossy-path.test.ts in a network namespace: `DELAY LOSS SECONDS
// BURST`, delay in milliseconds and loss in per cent for each direction. Tells on one line of JSON how often each end lost its link in that time, how many frames of those sent arrived, and whether an end
// noticed within some seconds that the path was cut at last.
//
// The path is a TAP interface without ARP. A packet to its neighbour comes back from that neighbour, with its two addresses exchanged, so that one
// process has both ends of a connection.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { realClock } from '../../src/clock.ts';
import { logTo } from '../../src/log.ts';
import { BreathLoop } from '../../src/plane/breath.ts';
import type { PortEnvironment } from '../../src/ports/environment.ts';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import { maxFrame, type Acceptor, type Port, type Receiver } from '../../src/ports/pure/port.ts';
import { dialTcp, listenTcp } from '../../src/ports/tcp.ts';
import { libc } from '../../src/system/libc.ts';
import { openLoop } from '../../src/system/loop.ts';
import { openTap } from '../../src/system/tap.ts';

const [delay = 0, loss = 0, seconds = 0, burst = 4] = process.argv.slice(2).map(Number);
const [own, neighbour] = ['10.9.0.1', '10.9.0.2'];
const breaths = new BreathLoop();
const breath = breaths.run;
const told: string[] = [];
const environment: PortEnvironment = {
  clock: realClock,
  log: logTo((message) => void told.push(message)),
  breath,
  release: (done) => breaths.release(done),
  loop: openLoop({ frameSize: maxFrame, breath }),
  budget: new BacklogBudget(),
};

function run(...command: readonly [string, ...string[]]): void {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/** The same in every run. [Numerical Recipes, 7.1] */
let state = 1;
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

let isCut = false;
let lost = 0;

/** Passes packets on, from the interface to itself. */
function relay(fd: number): void {
  const frame = Buffer.alloc(2048);
  for (;;) {
    const length = libc.read(fd, frame, frame.length);
    if (length <= 0) return;
    if (frame.readUInt16BE(12) !== 0x0800) continue;
    if (isCut || chance() * 100 < loss) {
      lost++;
      continue;
    }
    const back = Buffer.from(frame.subarray(0, length));
    frame.copy(back, 26, 30, 34);
    frame.copy(back, 30, 26, 30);
    setTimeout(() => void libc.write(fd, back, back.length), delay);
  }
}

/** A port's end: counts what it hears, and the times that it lost its carrier. */
class Witness implements Receiver {
  frames = 0;
  losses = 0;
  readonly events = new EventTarget();
  #up = false;

  receive(): void {
    this.frames++;
  }

  carrier(up: boolean): void {
    if (this.#up && !up) this.losses++;
    this.#up = up;
    this.events.dispatchEvent(new Event(up ? 'up' : 'down'));
  }

  closed(): void {
    this.carrier(false);
  }
}

const { fd, name } = openTap('lossy%d');
run('ip', 'link', 'set', name, 'up', 'arp', 'off', 'mtu', '1500');
run('ip', 'address', 'add', `${own}/24`, 'dev', name);
environment.loop.readiness.watch(fd, { readable: true, writable: false }, () => relay(fd));

const [near, far] = [new Witness(), new Witness()];
const ports: Port[] = [];
const acceptor: Acceptor = {
  choose: () => 1,
  accept(port) {
    ports.push(port);
    port.attach(far);
  },
};
const listener = await listenTcp({ listen: { host: own, port: 0 }, acceptor }, environment);
const dialer = dialTcp({ host: neighbour, port: listener.port }, { awaitsGreeting: true }, environment).port;
ports.push(dialer);
const up = once(near.events, 'up');
dialer.attach(near);
await up;
const sending = setInterval(() => {
  for (const port of ports) {
    for (let i = 0; i < burst; i++) port.transmit(new Uint8Array(600));
    port.flush();
  }
}, 100);
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const losses = [near.losses, far.losses];
const frames = [near.frames, far.frames];
clearInterval(sending);
isCut = true;
const down = once(near.events, 'down');
const cutAt = performance.now();
await down;
console.log(JSON.stringify({ losses, frames, lost, noticed: Math.round(performance.now() - cutAt), told }));
process.exit(0);
