import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ByteChannel } from '../../../src/ports/stream/byte-channel.ts';
import { seededRandom } from '../../../src/lab/seeded-random.ts';
import type { DialTarget } from '../../../src/star/channel.ts';
import { SlaveEngine } from '../../../src/star/slave-engine.ts';
import type { SlaveEvent } from '../../../src/star/slave-event.ts';
import type { DialMeans } from '../../../src/star/node/dial-master.ts';
import { ForeignMasters } from '../../../src/star/node/foreign-masters.ts';
import { dialControl, linkToMaster } from '../../../src/star/node/star-dial.ts';
import { eventually } from '../../eventually.ts';
import { ManualClock } from '../../manual-clock.ts';
import { DoorStage } from './door-stage.ts';

/** Opens a way to a door that counts its connections. */
async function countedWay({ door }: DoorStage): Promise<{ readonly place: string; readonly taken: () => number }> {
  let count = 0;
  const server = createServer((near) => {
    count++;
    const far = connect({ port: door.port, host: '127.0.0.1' });
    for (const end of [near, far]) end.on('error', () => undefined);
    near.pipe(far).pipe(near);
    onTestFinished(() => [near, far].forEach((end) => end.destroy()));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { place: `127.0.0.1:${(server.address() as AddressInfo).port}`, taken: () => count };
}

type Refusal = readonly [reason: string, isForeign: boolean | undefined];

/** A slave's way to masters, in manual time: handshakes wait for their turn by the clock. */
class Dialler {
  readonly clock: ManualClock;
  readonly means: DialMeans;

  constructor(clock: ManualClock, means: DialMeans) {
    this.clock = clock;
    this.means = { ...means, foreign: new ForeignMasters(clock) };
  }

  /** Dials a control connection, and returns why it was closed. */
  refusal(target: DialTarget): Promise<Refusal> {
    return this.#settled(
      new Promise<Refusal>((resolve, reject) => {
        const opened = (): void => reject(new Error('it was opened'));
        const quiet = (): void => undefined;
        const closed = (reason: string, isForeign?: boolean): void => resolve([reason, isForeign]);
        dialControl(this.means)(target, { opened, heard: quiet, message: quiet, closed });
      }),
    );
  }

  /** Dials a link, and returns its channel. */
  link(target: DialTarget): Promise<ByteChannel> {
    const link = linkToMaster({ name: 'the master', targets: () => [target] }, this.means);
    return this.#settled(link.open(this.means.environment, new AbortController().signal));
  }

  async #settled<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    await eventually(() => {
      this.clock.advance(0);
      expect(isSettled).toBe(true);
    });
    return promise;
  }
}

describe('an address with another key than the master’s', () => {
  it('is dialled at most once a minute, by the control connection and the link together', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({}, clock);
    const way = await countedWay(stage);
    const { means, identity } = await stage.stranger();
    const dialler = new Dialler(clock, means);
    const target: DialTarget = { address: way.place, pin: identity.fingerprint, identity: 'current' };
    const [reason, isForeign] = await dialler.refusal(target);
    expect([reason, isForeign]).toEqual([expect.stringContaining(`its key has the pin ${stage.identity.fingerprint}`), true]);
    expect(await dialler.refusal(target)).toEqual([reason, true]);
    await expect(dialler.link(target)).rejects.toThrow(reason);
    clock.advance(59_999);
    expect(await dialler.refusal(target)).toEqual([reason, true]);
    expect(way.taken()).toBe(1);
    clock.advance(1);
    expect(await dialler.refusal(target)).toEqual([reason, true]);
    expect(way.taken()).toBe(2);
  });

  it('is dialled at once when another pin is expected there', async () => {
    const clock = new ManualClock();
    const stage = await DoorStage.open({}, clock);
    const { means, identity } = await stage.stranger();
    const dialler = new Dialler(clock, means);
    const target: DialTarget = { address: stage.place, pin: identity.fingerprint, identity: 'current' };
    await dialler.refusal(target);
    (await dialler.link({ ...target, nextPin: stage.identity.fingerprint }))[Symbol.dispose]();
  });

  it('does not keep a slave from the master at its next address', async () => {
    const clock = new ManualClock();
    const [stage, foreign] = [await DoorStage.open({}, clock), await DoorStage.open({}, clock)];
    const way = await countedWay(foreign);
    const { means, identity } = await stage.stranger();
    const pin = stage.identity.fingerprint;
    const random = seededRandom(1, 'foreign');
    const no = (): Promise<never> => Promise.reject(new Error('no'));
    const keys = { current: identity.fingerprint, next: undefined, make: no, promote: no, drop: no };
    const store = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
    const engine = new SlaveEngine(
      { pin, addresses: [way.place, stage.place] },
      { software: '0.3.0', host: 'lap' },
      { clock, random, dial: dialControl({ ...means, foreign: new ForeignMasters(clock) }), store, keys },
    );
    onTestFinished(() => engine[Symbol.dispose]());
    const events: SlaveEvent[] = [];
    engine.events.subscribe((event) => void events.push(event));
    // The clock stands still: the next address is dialled at once.
    await eventually(() => {
      clock.advance(0);
      expect(events.map(({ type }) => type)).toEqual(['unreachable', 'joined']);
    });
    expect(events).toMatchObject([{ isForeign: true, address: way.place }, { address: stage.place }]);
    // The master is gone: it alone is dialled again.
    await stage.door[Symbol.asyncDispose]();
    await eventually(() => {
      clock.advance(100);
      expect(events.filter(({ type }) => type === 'unreachable').length).toBeGreaterThan(4);
    });
    expect(way.taken()).toBe(1);
  });
});
