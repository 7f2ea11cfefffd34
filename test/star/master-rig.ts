import { onTestFinished } from 'vitest';
import { nextTurn } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import type { ControlEvents } from '../../src/star/channel.ts';
import type { GroupChange } from '../../src/star/group-change.ts';
import type { GroupEvent } from '../../src/star/group-event.ts';
import type { GroupStore } from '../../src/star/group-store.ts';
import { macOfId } from '../../src/star/identity.ts';
import type { MasterEngineOptions } from '../../src/star/master-context.ts';
import { MasterEngine } from '../../src/star/master-engine.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../src/star/message-codec.ts';
import type { Hello, JoinMessage } from '../../src/star/messages.ts';
import type { OwnKeys } from '../../src/star/own-keys.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { ManualClock } from '../manual-clock.ts';
import { digest } from './digest.ts';

/** A store in memory. While it is held, writes wait. */
export class HeldStore implements GroupStore {
  readonly changes: GroupChange[] = [];
  fails = false;
  /** How many of the next appends fail. */
  failing = 0;
  #held: (() => void)[] | undefined;

  load(): Promise<readonly GroupChange[]> {
    return Promise.resolve([...this.changes]);
  }

  async append(changes: readonly GroupChange[]): Promise<void> {
    if (this.#held) await new Promise<void>((resolve) => this.#held?.push(resolve));
    if (this.fails || this.failing-- > 0) throw new Error('no space');
    this.changes.push(...changes);
  }

  hold(): void {
    this.#held ??= [];
  }

  async release(): Promise<void> {
    for (const resolve of this.#held ?? []) resolve();
    this.#held = undefined;
    await nextTurn();
  }
}

/** A slave's side of a control connection, by hand. */
export class HandSlave {
  readonly heard: JoinMessage[] = [];
  closed: string | undefined;
  readonly #events: ControlEvents;

  constructor(engine: MasterEngine, who: { readonly key: string } | { readonly plain: true }, from = '192.0.2.1:5000') {
    const send = (message: JoinMessage): void => {
      const line = encodeJoinMessage(message).trimEnd();
      this.heard.push(decodeJoinMessage(line) ?? { type: 'unknown' });
    };
    const end = (reason: string): void => {
      this.closed ??= reason;
    };
    this.#events = engine.accept({ ...who, from }, { send, end });
  }

  async send(message: JoinMessage): Promise<this> {
    this.#events.heard();
    this.#events.message(message);
    await nextTurn();
    return this;
  }

  hello(more: Partial<Hello> = {}): Promise<this> {
    return this.send({ type: 'hello', software: '0.3.0', run: 'run', ...more });
  }

  /** Ends the connection from the slave's side. */
  drop(reason = 'gone'): void {
    this.closed ??= reason;
    this.#events.closed(reason);
  }

  last<Type extends JoinMessage['type']>(type: Type): Extract<JoinMessage, { type: Type }> | undefined {
    return this.heard.findLast((message): message is Extract<JoinMessage, { type: Type }> => message.type === type);
  }

  /** The answer to the hello. */
  get answer(): JoinMessage | undefined {
    return this.heard.findLast(({ type }) => ['welcome', 'refusal', 'wait', 'rekey', 'end'].includes(type));
  }
}

/** A key of a member. */
export const keyOf = (letter: string): string => letter.repeat(32);

/** The keys of a master, on a disk by hand. */
export class HandKeys implements OwnKeys {
  current = keyOf('m');
  next: string | undefined;
  fails = false;

  make(): Promise<string> {
    return this.#write(() => (this.next ??= keyOf('n')));
  }

  async promote(): Promise<void> {
    await this.#write(() => {
      this.current = this.next ?? this.current;
      this.next = undefined;
    });
  }

  async drop(): Promise<void> {
    await this.#write(() => (this.next = undefined));
  }

  #write<Value>(change: () => Value): Promise<Value> {
    return this.fails ? Promise.reject(new Error('no space')) : Promise.resolve(change());
  }
}

/** A master in manual time. */
export interface MasterRig {
  readonly clock: ManualClock;
  readonly store: HeldStore;
  readonly events: GroupEvent[];
  readonly expelled: string[];
  readonly engine: MasterEngine;
  slave(letter: string, from?: string): HandSlave;
}

/** Starts a master. */
export async function masterRig(
  options: Partial<MasterEngineOptions> = {},
  store = new HeldStore(),
  clock = new ManualClock(),
  keys?: HandKeys,
): Promise<MasterRig> {
  const expelled: string[] = [];
  const engine = await MasterEngine.open(
    store,
    {
      software: '0.3.0',
      terms: (id) => ({ mac: macOfId(id), network: { address: ipv4FromNumber(0x0a4d0000), prefixLength: 16 }, mtu: 1500, linkPort: 7378 }),
      masters: () => [{ pin: keys?.current ?? keyOf('m'), addresses: ['192.0.2.9:7378'] }],
      ...options,
    },
    { clock, random: seededRandom(7, 'master'), digest, expel: (key) => void expelled.push(key), keys },
  );
  onTestFinished(() => engine[Symbol.dispose]());
  const events: GroupEvent[] = [];
  engine.events.subscribe((event) => void events.push(event));
  return { clock, store, events, expelled, engine, slave: (letter, from) => new HandSlave(engine, { key: keyOf(letter) }, from) };
}
