import { expect, onTestFinished } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import type { DialEvents, DialTarget } from '../../src/star/channel.ts';
import { macOfId } from '../../src/star/identity.ts';
import type { JoinMessage, Welcome } from '../../src/star/messages.ts';
import type { OwnKeys } from '../../src/star/own-keys.ts';
import type { SlaveEngineOptions } from '../../src/star/slave-context.ts';
import { SlaveEngine } from '../../src/star/slave-engine.ts';
import type { SlaveEvent } from '../../src/star/slave-event.ts';
import type { SlaveMemory } from '../../src/star/slave-memory.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { ManualClock } from '../manual-clock.ts';

/** The pin of the master. */
export const pin = 'm'.repeat(32);
export const otherPin = 'n'.repeat(32);
export const key = 's'.repeat(32);
export const token = { id: 'abcdefgh', secret: 'abcdefghijklmnopqrstuvwxyz' };

/** Returns a welcome. */
export const welcome = (more: Partial<Welcome> = {}): Welcome => ({
  type: 'welcome',
  id: 3,
  mac: macOfId(3),
  network: { address: ipv4FromNumber(0x0a4d0000), prefixLength: 24 },
  mtu: 1500,
  linkPort: 7378,
  software: '0.3.0',
  group: 'g',
  name: 'web',
  term: 1,
  masters: [{ pin, addresses: ['192.0.2.9:7378'] }],
  incarnation: 'one',
  ...more,
});

/** A dial of the slave, with the master's side by hand. */
export class Call {
  readonly sent: JoinMessage[] = [];
  ended = false;
  isDisposed = false;
  readonly target: DialTarget;
  readonly #events: DialEvents;

  constructor(target: DialTarget, events: DialEvents) {
    this.target = target;
    this.#events = events;
  }

  /** Opens it, with the pin that the far end has proven. */
  open(proven = this.target.pin): this {
    const channel = { send: (message: JoinMessage) => void this.sent.push(message), end: () => void (this.ended = true) };
    this.#events.opened(channel, proven);
    return this;
  }

  async say(message: JoinMessage): Promise<this> {
    this.#events.heard();
    this.#events.message(message);
    await nextTurn();
    return this;
  }

  close(reason = 'connection refused'): void {
    this.#events.closed(reason);
  }

  of(type: JoinMessage['type']): JoinMessage | undefined {
    return this.sent.findLast((message) => message.type === type);
  }
}

/** Starts a slave in manual time, on a disk and a network by hand. */
export function rig(memory: SlaveMemory, options: Partial<SlaveEngineOptions> = {}, current = key, more: Partial<OwnKeys> = {}) {
  const clock = new ManualClock();
  const calls: Call[] = [];
  const saved: SlaveMemory[] = [];
  const events: SlaveEvent[] = [];
  const disk = { fails: false };
  const keys = {
    current,
    next: undefined,
    make: () => Promise.reject(new Error('no')),
    promote: () => Promise.resolve(),
    drop: () => Promise.resolve(),
    ...more,
  };
  const engine = new SlaveEngine(
    memory,
    { software: '0.3.0', host: 'lap', ...options },
    {
      clock,
      random: seededRandom(1, 'slave'),
      dial(target, callbacks) {
        const call = new Call(target, callbacks);
        calls.push(call);
        return { [Symbol.dispose]: () => void (call.isDisposed = true) };
      },
      store: {
        load: () => Promise.resolve(memory),
        save(next) {
          if (disk.fails) return Promise.reject(new Error('no space'));
          saved.push(next);
          return Promise.resolve();
        },
      },
      keys: options.plainKey === undefined ? keys : undefined,
    },
  );
  engine.events.subscribe((event) => void events.push(event));
  onTestFinished(() => engine[Symbol.dispose]());
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await nextTurn();
  };
  /** Lets so many seconds pass, while the master says each second that it is alive. */
  const alive = async (call: Call, seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      await pass(1000);
      await call.say({ type: 'alive' });
    }
  };
  /** Waits so long, and returns the newest dial. */
  const dialled = async (milliseconds = 0): Promise<Call> => {
    await pass(milliseconds);
    return calls.at(-1) ?? expect.fail('there is a dial');
  };
  return { clock, calls, saved, events, disk, engine, pass, alive, dialled };
}

/** A slave that has a line, and one that has joined. */
export const fresh: SlaveMemory = { pin, addresses: ['host:7378'], token };
export const member: SlaveMemory = { pin, addresses: ['host:7378'], key, welcome: welcome() };
