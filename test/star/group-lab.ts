import { expect } from 'vitest';
import { nextTurn, type Clock, type Timer } from '../../src/clock.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { Timeline } from '../../src/lab/timeline.ts';
import type { Random } from '../../src/random.ts';
import type { ControlEvents, Dial, DialEvents } from '../../src/star/channel.ts';
import type { GroupChange } from '../../src/star/group-change.ts';
import type { GroupEvent } from '../../src/star/group-event.ts';
import { GroupState } from '../../src/star/group-state.ts';
import type { GroupStore } from '../../src/star/group-store.ts';
import { macOfId } from '../../src/star/identity.ts';
import { MasterEngine } from '../../src/star/master-engine.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../src/star/message-codec.ts';
import type { Hello, JoinMessage } from '../../src/star/messages.ts';
import type { OwnKeys } from '../../src/star/own-keys.ts';
import type { WhereIs } from '../../src/star/shortcut-messages.ts';
import { SlaveEngine } from '../../src/star/slave-engine.ts';
import type { SlaveEvent } from '../../src/star/slave-event.ts';
import { decodeSlaveMemory, encodeSlaveMemory, type SlaveMemory } from '../../src/star/slave-memory.ts';
import { ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { digest } from './digest.ts';

/** The latencies of the network and of the disks, in milliseconds. */
const flight = 5;
const write = 8;

/** The time until a process that crashed starts again, in milliseconds. */
const rest = 700;

export const masterPin = 'm'.repeat(32);
/** The pin of the master's next key. */
export const nextMasterPin = 'n'.repeat(32);

/** A process that may crash: from then on it has no effects. */
export class Process {
  alive = true;
  /** True once a write of it was lost: later ones are lost, too. */
  lost = false;
  /** It is stopped until then: timers and messages wait. */
  frozenUntil = 0;
  readonly wires = new Set<Wire>();
}

/** A group in virtual time: its master and slaves run on one time line, over a network and disks with latency. */
export class GroupLab {
  readonly time = new Timeline();
  /** The names of the points that were passed. */
  readonly points: string[] = [];
  readonly random: Random;
  readonly master: LabMaster;
  readonly slaves: LabSlave[] = [];
  /** One who has stolen the master's first key, and gets the calls of these slaves. */
  readonly thief = new LabThief(this);
  /** Called at each point, with its number. */
  passed: (point: number) => void = () => undefined;
  #crashes: ReadonlySet<number> = new Set();
  #cuts: ReadonlySet<number> = new Set();
  #letters = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed, 'group');
    this.master = new LabMaster(this);
  }

  /** Counts the points anew. The process that passes one of `crashes` crashes there; one that passes one of `cuts` loses its connections. */
  crashAt(crashes: readonly number[], cuts: readonly number[] = []): void {
    this.points.length = 0;
    this.#crashes = new Set(crashes);
    this.#cuts = new Set(cuts);
  }

  /** Lets a process pass a point. Returns whether it is still alive. */
  pass(process: Process, name: string, crash: () => void): boolean {
    if (!process.alive) return false;
    const point = this.points.length;
    this.points.push(name);
    this.passed(point);
    if (this.#crashes.has(point)) crash();
    if (this.#cuts.has(point)) for (const wire of process.wires) wire.end('the cable was cut');
    return process.alive;
  }

  /** Lets so much time go by. */
  async run(milliseconds: number): Promise<void> {
    const end = this.time.now + milliseconds;
    await nextTurn();
    while (this.time.next <= end) {
      this.time.advance(this.time.next);
      await nextTurn();
    }
    this.time.advance(end);
  }

  /** Stops a process for so long, as SIGSTOP does. Its timers come first afterwards, then the messages that arrived meanwhile. */
  freeze(process: Process, milliseconds: number): void {
    process.frozenUntil = this.time.now + milliseconds;
  }

  /** The clock of a process: its timers end with it. */
  clockOf(process: Process): Clock {
    const { time } = this;
    return {
      monotonic: () => time.monotonic(),
      wall: () => time.wall(),
      after: (delay, run) => {
        let timer: Timer;
        const due = (): void => {
          const rest = process.frozenUntil - time.now;
          if (rest > 0) timer = time.after(rest, due);
          else if (process.alive) run();
        };
        timer = time.after(delay, due);
        return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
      },
      defer: (run) => time.defer(run),
    };
  }

  /** A key that no other node has. */
  newKey(): string {
    return `${'k'.repeat(30)}${String.fromCharCode(97 + Math.floor(this.#letters / 26), 97 + (this.#letters++ % 26))}`;
  }

  /** `snapshot` is true for an ephemeral slave: each of its processes begins with that memory, and with a key of its own. */
  slave(memory: SlaveMemory, { snapshot = false } = {}): LabSlave {
    const disk = { memory: encodeSlaveMemory(memory), current: this.newKey(), next: undefined };
    const slave = new LabSlave(this, this.slaves.length + 1, disk, snapshot ? disk.memory : undefined);
    this.slaves.push(slave);
    return slave;
  }

  /** Starts a copy of a slave's disk. */
  copyOf(original: LabSlave): LabSlave {
    const slave = new LabSlave(this, this.slaves.length + 1, { ...original.disk });
    this.slaves.push(slave);
    return slave;
  }
}

/** One control connection. Each side has its process; messages arrive in order, and the end behind them. */
class Wire {
  readonly #lab: GroupLab;
  readonly #sides: readonly [Side, Side];
  #isOpen = true;
  #isMuted = false;

  constructor(lab: GroupLab, a: Side, b: Side) {
    this.#lab = lab;
    this.#sides = [a, b];
    for (const { process } of this.#sides) process.wires.add(this);
  }

  send(from: 0 | 1, message: JoinMessage): void {
    const side = this.#sides[from];
    const other = this.#sides[1 - from] ?? side;
    if (!this.#isOpen || !this.#lab.pass(side.process, `${side.name} before ${message.type}`, side.crash)) return;
    side.sends?.(message);
    const line = encodeJoinMessage(message).trimEnd();
    this.#carry(other, () => {
      const heard = decodeJoinMessage(line);
      if (!heard || !other.process.alive || other.isClosed) return;
      if (!this.#lab.pass(other.process, `${other.name} hears ${message.type}`, other.crash)) return;
      other.events.heard();
      other.events.message(heard);
      this.#lab.pass(other.process, `${other.name} heard ${message.type}`, other.crash);
    });
    this.#lab.pass(side.process, `${side.name} after ${message.type}`, side.crash);
  }

  /** From now on nothing gets through, and neither side is told, as with a relay that has forgotten the connection. */
  mute(): void {
    this.#isMuted = true;
  }

  /** Ends it, for both sides, or for the one that ends it if nothing gets through. */
  end(reason: string, by?: 0 | 1): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const [n, side] of this.#sides.entries()) {
      const close = (): void => {
        side.process.wires.delete(this);
        if (side.process.alive && !side.isClosed) side.events.closed(reason);
        side.isClosed = true;
      };
      if (this.#isMuted && n === by) this.#lab.time.after(flight, close);
      else this.#carry(side, close);
    }
  }

  /** Lets something arrive at a side, behind all that came before. */
  #carry(side: Side, arrive: () => void): void {
    if (this.#isMuted) return;
    const { time } = this.#lab;
    time.after(flight, () => {
      const { frozenUntil } = side.process;
      side.at = Math.max(side.at, frozenUntil > time.now ? frozenUntil + 1 : time.now);
      if (side.at === time.now) arrive();
      else time.after(side.at - time.now, arrive);
    });
  }
}

interface Side {
  readonly name: string;
  readonly process: Process;
  readonly events: ControlEvents;
  readonly crash: () => void;
  readonly sends?: (message: JoinMessage) => void;
  isClosed: boolean;
  /** The time at which the last of its messages arrives. */
  at: number;
}

/** The master, with its disk. */
export class LabMaster {
  process = new Process();
  engine: MasterEngine | undefined;
  /** The events of all its processes. */
  readonly events: GroupEvent[] = [];
  /** The changes on its disk. */
  readonly disk: GroupChange[] = [];
  /** Its keys on the disk. The next one is always the same. */
  readonly keys: { current: string; next: string | undefined } = { current: masterPin, next: undefined };
  /** True while the disk takes nothing. */
  isFull = false;
  /** The keys that were kicked, and whose kick was answered: none of them may be welcomed. */
  readonly kicked = new Set<string>();
  /** The member behind which a station is. */
  whereIs: WhereIs = () => undefined;
  /** Called when a key may no longer be here. */
  expel: (key: string) => void = () => undefined;
  /** Returns whether a slave, by its number, reaches the master. */
  reaches: (slave: number) => boolean = () => true;
  readonly #lab: GroupLab;
  /** True once the disk did not take a change. */
  #failed = false;

  constructor(lab: GroupLab) {
    this.#lab = lab;
    this.process.alive = false;
  }

  async start(): Promise<void> {
    const lab = this.#lab;
    const process = new Process();
    this.process = process;
    const save = (name: string, change: () => void): Promise<void> =>
      new Promise((resolve, reject) => {
        if (!lab.pass(process, `master before ${name}`, this.crash)) return;
        lab.time.after(write, () => {
          const { isFull } = this;
          if (isFull) this.#failed = true;
          else if (!process.alive && (process.lost || (lab.random.uint32() & 1) === 0)) process.lost = true;
          else change();
          if (!lab.pass(process, `master after ${name}`, this.crash)) return;
          if (isFull) reject(new Error('no space'));
          else resolve();
        });
      });
    const store: GroupStore = {
      load: () => Promise.resolve([...this.disk]),
      append: (changes) => save('write', () => void this.disk.push(...changes)),
    };
    const own = { ...this.keys };
    const keys: OwnKeys = {
      get current() {
        return own.current;
      },
      get next() {
        return own.next === own.current ? undefined : own.next;
      },
      make: async () => {
        await save('make', () => (this.keys.next = nextMasterPin));
        return (own.next = nextMasterPin);
      },
      promote: async () => {
        await save('promote', () => (this.keys.current = own.next ?? own.current));
        own.current = own.next ?? own.current;
        await save('remove', () => (this.keys.next = undefined));
        own.next = undefined;
      },
      drop: () => save('drop', () => (this.keys.next = undefined)),
    };
    this.provenPin = () => own.current;
    const options = {
      software: '0.3.0',
      terms: (id: number) => ({
        mac: macOfId(id),
        network: { address: ipv4FromNumber(0x0a4d0000), prefixLength: 16 },
        mtu: 1500,
        linkPort: 7378,
      }),
      masters: () => [{ pin: own.current, addresses: ['master:7378'] }],
      whereIs: (station: Parameters<WhereIs>[0]) => this.whereIs(station),
    };
    const environment = { clock: lab.clockOf(process), random: lab.random, digest, expel: (key: string) => this.expel(key), keys };
    const engine = await MasterEngine.open(store, options, environment);
    if (this.process !== process || !process.alive) return;
    this.engine = engine;
    engine.events.subscribe((event) => void this.events.push(event));
  }

  /** Returns the pin of the key that its door presents. */
  provenPin: () => string = () => masterPin;

  readonly crash = (): void => {
    if (!this.process.alive) return;
    this.process.alive = false;
    this.engine = undefined;
    for (const wire of this.process.wires) wire.end('the master crashed');
    this.#lab.time.after(rest, () => void this.start());
  };

  /** Kicks a member, and notes it once that was answered. */
  async kick(id: number): Promise<void> {
    const key = this.engine?.members().find((member) => member.id === id)?.key;
    if (key === undefined) return;
    await this.engine?.kick(id).catch(() => undefined);
    this.kicked.add(key);
  }

  /** A welcome leaves only when all of it is on the disk, and to no key that was kicked. Its incarnation is new, unless the disk has failed. */
  checkWelcome(key: string, message: JoinMessage): void {
    if (message.type !== 'welcome') return;
    expect(this.kicked.has(key), 'a kicked key is not welcomed').toBe(false);
    const member = new GroupState(this.disk).memberOf(message.id);
    expect(member?.key).toBe(key);
    const accepted = this.#failed ? [member?.offered, member?.incarnation] : [member?.offered];
    expect(accepted).toContain(message.incarnation);
  }

  accept(process: Process, key: string, from: string, dialled: DialEvents, crash: () => void, slave: LabSlave): Wire | undefined {
    const { engine } = this;
    if (!engine || !this.reaches(slave.number)) return undefined;
    const sides: { readonly master: Side; readonly slave: Side } = {
      master: {
        name: 'master',
        process: this.process,
        events: { heard: () => undefined, message: () => undefined, closed: () => undefined },
        crash: this.crash,
        sends: (message) => this.checkWelcome(key, message),
        isClosed: false,
        at: 0,
      },
      slave: {
        name: `slave ${slave.number}`,
        process,
        events: dialled,
        crash,
        sends: (message) => slave.checkConfirm(message),
        isClosed: false,
        at: 0,
      },
    };
    const wire = new Wire(this.#lab, sides.master, sides.slave);
    const events = engine.accept({ key, from }, { send: (message) => wire.send(0, message), end: (reason) => wire.end(reason, 0) });
    Object.assign(sides.master.events, events);
    return wire;
  }
}

/** A thief of the master's first key: welcomes slaves as the master does, and tells them another next pin. */
export class LabThief {
  /** The numbers of the slaves whose calls end here. */
  readonly victims = new Set<number>();
  /** The numbers of the slaves that took the thief for their master. */
  readonly met = new Set<number>();
  /** The pin that is told. */
  readonly pin = 'x'.repeat(32);
  readonly #process = new Process();
  readonly #lab: GroupLab;

  constructor(lab: GroupLab) {
    this.#lab = lab;
  }

  accept(process: Process, dialled: DialEvents, crash: () => void, number: number): Wire {
    this.met.add(number);
    const nothing = (): undefined => undefined;
    const own: Side = {
      name: 'thief',
      process: this.#process,
      crash: nothing,
      isClosed: false,
      at: 0,
      events: {
        heard: nothing,
        closed: nothing,
        message: (message) => {
          if (message.type === 'hello') for (const answer of this.#answers(message)) wire.send(0, answer);
        },
      },
    };
    const wire = new Wire(this.#lab, own, { name: `slave ${number}`, process, events: dialled, crash, isClosed: false, at: 0 });
    return wire;
  }

  /** The answers change nothing by which the master would know that a slave was elsewhere. */
  #answers({ last = 1, group, incarnation }: Hello): readonly JoinMessage[] {
    const network = { address: ipv4FromNumber(0x0a4d0000), prefixLength: 16 };
    const told = { software: '0.3.0', group, incarnation, masters: [{ pin: masterPin, addresses: ['master:7378'] }] };
    return [
      { type: 'welcome', id: last, mac: macOfId(last), network, mtu: 1500, linkPort: 7378, name: `host-${last}`, ...told },
      { type: 'next-pin', pin: this.pin },
    ];
  }
}

interface SlaveDisk {
  memory: string;
  current: string;
  next: string | undefined;
}

/** A slave, with its disk. */
export class LabSlave {
  readonly number: number;
  readonly disk: SlaveDisk;
  readonly events: SlaveEvent[] = [];
  /** The ids with which it was welcomed. */
  readonly ids: number[] = [];
  /** True while its disk takes nothing. */
  isFull = false;
  /** Called with each event. */
  follow: (event: SlaveEvent) => void = () => undefined;
  /** Called with each sign of the master on the control connection. */
  heard: () => void = () => undefined;
  process = new Process();
  engine: SlaveEngine | undefined;
  readonly #lab: GroupLab;
  #restarts = 0;
  readonly #snapshot: string | undefined;

  constructor(lab: GroupLab, number: number, disk: SlaveDisk, snapshot?: string) {
    this.#lab = lab;
    this.#snapshot = snapshot;
    this.number = number;
    this.disk = disk;
    this.process.alive = false;
  }

  get memory(): SlaveMemory {
    return decodeSlaveMemory(this.disk.memory) ?? expect.fail(this.disk.memory);
  }

  start(): void {
    const process = new Process();
    this.process = process;
    const { disk } = this;
    const save = (name: string, change: () => void): Promise<void> =>
      new Promise((resolve, reject) => {
        if (!this.#lab.pass(process, `slave ${this.number} before ${name}`, this.crash)) return;
        this.#lab.time.after(write, () => {
          const { isFull } = this;
          if (!isFull) {
            if (!process.alive && (process.lost || (this.#lab.random.uint32() & 1) === 0)) process.lost = true;
            else change();
          }
          if (!this.#lab.pass(process, `slave ${this.number} after ${name}`, this.crash)) return;
          if (isFull) reject(new Error('no space'));
          else resolve();
        });
      });
    const keys: OwnKeys = {
      get current() {
        return disk.current;
      },
      get next() {
        return disk.next;
      },
      make: async () => {
        const key = disk.next ?? this.#lab.newKey();
        await save('make', () => (disk.next = key));
        return key;
      },
      promote: () =>
        save('promote', () => {
          disk.current = disk.next ?? disk.current;
          disk.next = undefined;
        }),
      drop: () => save('drop', () => (disk.next = undefined)),
    };
    const store = {
      load: () => Promise.resolve(this.memory),
      save: (memory: SlaveMemory) => save('save', () => (disk.memory = encodeSlaveMemory(memory))),
    };
    this.engine = new SlaveEngine(
      this.memory,
      { software: '0.3.0', host: `host-${this.number}`, ephemeral: this.#snapshot !== undefined },
      { clock: this.#lab.clockOf(process), random: this.#lab.random, dial: this.#dial(process), store, keys },
    );
    this.engine.signs.subscribe(() => this.heard());
    this.engine.events.subscribe((event) => {
      this.events.push(event);
      this.follow(event);
      if (event.type === 'joined') this.ids.push(event.welcome.id);
    });
  }

  readonly crash = (): void => {
    if (!this.process.alive) return;
    this.stop();
    const restart = ++this.#restarts;
    this.#lab.time.after(rest, () => {
      if (restart === this.#restarts) this.start();
    });
  };

  /** Ends it at once, and for good until it is started. */
  stop(): void {
    this.#restarts++;
    this.process.alive = false;
    this.engine = undefined;
    for (const wire of this.process.wires) wire.end('the slave ended');
    if (this.#snapshot === undefined) return;
    this.disk.memory = this.#snapshot;
    this.disk.current = this.#lab.newKey();
  }

  /** A confirmation leaves only when the welcome is on the disk. */
  checkConfirm(message: JoinMessage): void {
    if (message.type === 'confirm') expect(this.memory.welcome?.incarnation).toBe(message.incarnation);
    if (message.type === 'hello' && message.token) expect(this.memory.token ?? this.memory.rekey?.token).toEqual(message.token);
  }

  #dial(process: Process): Dial {
    return ({ pin, nextPin, identity }, events) => {
      let wire: Wire | undefined;
      let isDisposed = false;
      const unless = (run: () => void): void => {
        if (!isDisposed && process.alive) run();
      };
      const guarded: DialEvents = {
        opened: (channel, proven) => unless(() => events.opened(channel, proven)),
        heard: () => unless(() => events.heard()),
        message: (message) => unless(() => events.message(message)),
        closed: (reason) => unless(() => events.closed(reason)),
      };
      this.#lab.time.after(flight, () => {
        if (isDisposed || !process.alive) return;
        const key = (identity === 'next' ? this.disk.next : this.disk.current) ?? expect.fail('there is such a key');
        const { master, thief } = this.#lab;
        const isStolen = thief.victims.has(this.number);
        const proven = isStolen ? masterPin : master.provenPin();
        const isRight = proven === pin || proven === nextPin;
        if (isRight && isStolen) wire = thief.accept(process, guarded, this.crash, this.number);
        else if (isRight) wire = master.accept(process, key, `host-${this.number}:1`, guarded, this.crash, this);
        const opened = wire;
        if (!opened) guarded.closed(isRight ? 'connection refused' : 'wrong pin');
        else guarded.opened({ send: (message) => opened.send(1, message), end: (reason) => opened.end(reason, 1) }, proven);
      });
      const dispose: Timer = {
        [Symbol.dispose]: () => {
          isDisposed = true;
          wire?.end('dropped', 1);
        },
      };
      return dispose;
    };
  }
}
