// Both ends of a TCP link over the loopback of a network of its own, which is then cut; run by tcp-dead-peer.test.ts in a namespace.
// `idle` or `loaded` says what goes over it. Tells on one line of JSON how many milliseconds passed from before the cut until the first end gave
// the link up, and from after the cut until the last one did.
import { spawnSync } from 'node:child_process';
import { quietLog } from '../../src/log.ts';
import { realClock } from '../../src/clock.ts';
import { BreathLoop } from '../../src/plane/breath.ts';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import type { PortEnvironment } from '../../src/ports/environment.ts';
import { maxFrame, type Acceptor, type Port, type Receiver } from '../../src/ports/pure/port.ts';
import { dialTcp, listenTcp } from '../../src/ports/tcp.ts';
import { openLoop } from '../../src/system/loop.ts';

const loaded = process.argv[2] === 'loaded';
const breaths = new BreathLoop();
const breath = breaths.run;
const log = quietLog;
const environment: PortEnvironment = {
  clock: realClock,
  log,
  breath,
  release: (done) => breaths.release(done),
  loop: openLoop({ frameSize: maxFrame, breath }),
  budget: new BacklogBudget(),
};

function run(...command: readonly [string, ...string[]]): void {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/** A port's end, to be awaited: up, then down. */
class Watched implements Receiver {
  readonly up: Promise<void>;
  readonly down: Promise<void>;
  #tellUp: () => void = () => undefined;
  #tellDown: () => void = () => undefined;
  #wasUp = false;

  constructor() {
    this.up = new Promise((resolve) => (this.#tellUp = resolve));
    this.down = new Promise((resolve) => (this.#tellDown = resolve));
  }

  receive(): void {
    // Only the end of the link matters.
  }

  carrier(up: boolean): void {
    if (this.#wasUp && !up) this.#tellDown();
    if (up) this.#tellUp();
    this.#wasUp = up;
  }

  closed(): void {
    this.#tellDown();
  }
}

function send(port: Port): void {
  for (let i = 0; i < 8; i++) port.transmit(new Uint8Array(1500));
  port.flush();
}

run('ip', 'link', 'set', 'lo', 'up');
const ports: Port[] = [];
const [near, far] = [new Watched(), new Watched()];
const acceptor: Acceptor = {
  choose: () => 1,
  accept(port) {
    ports.push(port);
    port.attach(far);
  },
};
const listener = await listenTcp({ listen: { host: '127.0.0.1', port: 0 }, acceptor }, environment);
const dialer = dialTcp({ host: '127.0.0.1', port: listener.port }, {}, environment).port;
dialer.attach(near);
ports.push(dialer);
await Promise.all([near.up, far.up]);
// Something was just sent, so that the longest silence is still ahead.
ports.forEach(send);
const load = loaded ? setInterval(() => ports.forEach(send), 5) : undefined;
await new Promise((resolve) => setTimeout(resolve, 50));
// On a busy machine the network may be cut long before the command that cuts it is over.
const before = performance.now();
run('tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'blackhole');
const after = performance.now();
const now = (): number => performance.now();
const downs = await Promise.all([near.down.then(now), far.down.then(now)]);
clearInterval(load);
const first = Math.round(Math.min(...downs) - before);
const last = Math.round(Math.max(...downs) - after);
console.log(JSON.stringify({ first, last, budget: environment.budget.used }));
process.exit(0);
