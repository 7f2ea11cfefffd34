import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { vdeFraming } from '../../src/ports/pure/frame-stream.ts';
import { tcpEndpoint } from '../../src/ports/stream/stream-endpoint.ts';
import { dialTcp, listenTcp } from '../../src/ports/tcp.ts';
import { eventually } from '../eventually.ts';
import { ManualClock } from '../manual-clock.ts';
import { collect, frameOf, Ports, Rig, sameFrames, using, type Collector } from './rig.ts';
import { acceptFrom, farEnd } from './stream-stage.ts';

/** A relay for TCP that goes on to take connections, and octets, when it forwards nothing any more. */
class Relay {
  port = 0;
  /** How many octets it has forwarded. */
  forwarded = 0;
  stuck = false;
  accepted = 0;
  readonly #target: number;
  readonly #sockets: Socket[] = [];

  constructor(target: number) {
    this.#target = target;
  }

  async open(): Promise<void> {
    const server = createServer((near) => {
      this.accepted++;
      this.#sockets.push(near.on('error', () => near.destroy()));
      if (this.stuck) {
        near.resume();
        return;
      }
      const far = connect(this.#target, '127.0.0.1');
      this.#sockets.push(far.on('error', () => far.destroy()));
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on('data', (octets) => {
          if (this.stuck) return;
          this.forwarded += octets.length;
          to.write(octets);
        });
        from.on('close', () => to.destroy());
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    onTestFinished(() => {
      for (const socket of this.#sockets) socket.destroy();
      server.close();
    });
  }
}

interface Ends {
  readonly clock: ManualClock;
  readonly rig: Rig;
  readonly relay: Relay;
  readonly ports: Ports;
  readonly here: Collector;
  readonly there: Collector;
  readonly port: ReturnType<typeof dialTcp>['port'];
}

/** Returns a link of ours through a relay. */
async function linked(): Promise<Ends> {
  const clock = new ManualClock();
  const rig = new Rig(clock);
  const ports = new Ports();
  const listener = using(await listenTcp({ listen: { host: '127.0.0.1', port: 0 }, acceptor: ports }, rig.environment));
  const relay = new Relay(listener.port);
  await relay.open();
  const { port } = dialTcp({ host: '127.0.0.1', port: relay.port }, {}, rig.environment);
  using(port);
  const here = collect(port);
  const there = collect(using(await ports.next()));
  await here.carrierIs(true);
  await eventually(() => expect(port.sendable).toBe(65_535));
  await eventually(() => expect(relay.forwarded).toBe(16));
  return { clock, rig, relay, ports, here, there, port };
}

describe('a link through a relay', () => {
  it('lives while it is idle, by one length of 0 a second each way, and none while frames cross', async () => {
    const { clock, rig, relay, here, there, port } = await linked();
    for (let second = 1; second <= 12; second++) {
      clock.advance(1000);
      await eventually(() => expect(relay.forwarded).toBe(16 + 4 * second));
    }
    rig.send(port, frameOf(60));
    await there.count(1);
    const before = relay.forwarded;
    clock.advance(1000);
    await eventually(() => expect(relay.forwarded).toBe(before + 2));
    expect(sameFrames(there.frames, [frameOf(60)])).toBe(true);
    expect([here.up, there.reason, port.counters.receivedFrames, port.counters.faults]).toEqual([true, undefined, 0, 0]);
  });

  it('is given up by both ends 5 s after that forwards nothing any more, and dialled again, without a line for each attempt', async () => {
    const { clock, rig, relay, ports, here, there } = await linked();
    relay.stuck = true;
    for (let second = 1; second <= 4; second++) clock.advance(1000);
    expect([here.up, there.reason]).toEqual([true, undefined]);
    clock.advance(1000);
    expect(here.up).toBe(false);
    expect(there.reason).toBe('nothing came for 5 s');
    // It still accepts connections, without a far end; an end that has greeted once is known to be missing.
    for (let attempt = 2; attempt <= 4; attempt++) {
      clock.advance(1000);
      await eventually(() => expect(relay.accepted).toBe(attempt));
      await here.carrierIs(true);
      for (let second = 1; second <= 5; second++) clock.advance(1000);
      expect(here.up).toBe(false);
    }
    const said = (): string[] => rig.logged.filter((line) => line.includes('link'));
    expect(said()).toEqual([
      expect.stringMatching(/^linked to /),
      expect.stringMatching(/^no link to .*: nothing came for 5 s; trying again until it is there$/),
    ]);
    relay.stuck = false;
    clock.advance(1000);
    collect(using(await ports.next()));
    await eventually(() => expect(said().slice(2)).toEqual([expect.stringMatching(/^linked to /)]));
  });

  it('is not given up when the far end is an original, which sends nothing while it is idle', async () => {
    const clock = new ManualClock();
    const rig = new Rig(clock);
    const listening = await tcpEndpoint({ host: '127.0.0.1', port: 0 }).listen();
    const { port } = dialTcp({ host: '127.0.0.1', port: listening.port }, {}, rig.environment);
    using(port);
    const here = collect(port);
    const { far } = farEnd(rig, await acceptFrom(rig, listening), { ...vdeFraming, greeting: new Uint8Array(0) });
    const there = collect(using(far));
    listening.close();
    await here.carrierIs(true);
    for (let second = 1; second <= 20; second++) clock.advance(1000);
    rig.send(far, frameOf(60));
    await here.count(1);
    rig.send(port, frameOf(61));
    await there.count(1);
    expect([here.up, there.frames.length]).toEqual([true, 1]);
  });
});
