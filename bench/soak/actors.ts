/** The acts of stations in a soak. Each has its turn again and again, and counts its rounds: that must never stop. */
import { greeting, Peer } from './peer.ts';

/** One that does something with its stations. */
export interface Actor {
  readonly name: string;
  /** How often it has come round. */
  readonly progress: number;
  /** Its findings against the switch. */
  readonly faults: readonly string[];
  readonly peers: readonly Peer[];
  /** Returns whether one of its peers wants to send, and waits for room. */
  wantsToSend(peer: Peer): boolean;
  /** Returns whether it wants to be told what a peer hears. */
  reads(peer: Peer): boolean;
  /** A peer has received a frame: the sender's number, and the frame's own number. */
  take(peer: Peer, from: number, serial: number): void;
  /** Does the work that is due at `now`, in milliseconds; begins nothing new if it is not `busy`. */
  turn(now: number, busy: boolean): void;
  /** True if it is done with what it began. */
  readonly idle: boolean;
}

/** How often a station that is only written to speaks, so that no switch forgets where it is, in milliseconds. */
const speakInterval = 1000;

/** Frames from one to another, as fast as the switch takes them, or no more than `window` under way; then none may be lost. */
export class Flow implements Actor {
  readonly name: string;
  readonly faults: string[] = [];
  readonly peers: readonly [Peer, Peer];
  readonly #size: number;
  readonly #window: number;
  #sent = 0;
  #next = 0;
  #blocked = false;
  #speech = 0;

  constructor(name: string, peers: readonly [Peer, Peer], { size = 60, window = Infinity } = {}) {
    this.name = name;
    this.peers = peers;
    this.#size = size;
    this.#window = window;
  }

  get progress(): number {
    return this.#next;
  }

  get idle(): boolean {
    return this.#window === Infinity || this.#next === this.#sent;
  }

  wantsToSend(peer: Peer): boolean {
    return peer === this.peers[0] && this.#blocked;
  }

  reads(): boolean {
    return true;
  }

  take(peer: Peer, from: number, serial: number): void {
    if (peer !== this.peers[1] || from !== this.peers[0].number || serial === greeting) return;
    if (serial < this.#next) this.faults.push(`${this.name}: frame ${serial} came after frame ${this.#next - 1}`);
    else if (serial > this.#next && this.#window !== Infinity)
      this.faults.push(`${this.name}: frames from ${this.#next} to ${serial} are lost`);
    this.#next = serial + 1;
  }

  turn(now: number, busy: boolean): void {
    const [from, to] = this.peers;
    this.#blocked = false;
    if (!busy) return;
    const room = Math.min(64, this.#window - (this.#sent - this.#next));
    if (room > 0) {
      const sent = from.send(to, this.#sent, room, this.#size);
      this.#sent += sent;
      this.#blocked = sent < room;
    }
    if (now < this.#speech) return;
    this.#speech = now + speakInterval;
    to.send(from, greeting);
  }
}

/** One frame to and fro between two stations: a single loss of it, or of its notice, ends that. */
export class Canary implements Actor {
  readonly name: string;
  readonly faults: readonly string[] = [];
  readonly peers: readonly [Peer, Peer];
  progress = 0;
  idle = true;

  constructor(name: string, peers: readonly [Peer, Peer]) {
    this.name = name;
    this.peers = peers;
  }

  wantsToSend(): boolean {
    return false;
  }

  reads(): boolean {
    return true;
  }

  take(peer: Peer, from: number, serial: number): void {
    const [here, there] = this.peers;
    if (serial === greeting) return;
    if (peer === there && from === here.number) there.send(here, serial);
    else if (peer === here && from === there.number && serial === this.progress) {
      this.progress++;
      this.idle = true;
    }
  }

  turn(_now: number, busy: boolean): void {
    if (!busy || !this.idle) return;
    const [here, there] = this.peers;
    this.idle = here.send(there, this.progress) === 0;
  }
}

/** Numbers from here on say: this is the last for now. */
const lastFrom = 0x8000_0000;

/** How long after one such frame another is sent, should the first have been lost, in milliseconds. */
const goadInterval = 20;

/** One that does not read while it is sent many frames, and then reads again, in order, until it hears that this was the last. */
export class Staller implements Actor {
  readonly name: string;
  readonly faults: string[] = [];
  readonly peers: readonly [Peer, Peer];
  progress = 0;
  readonly #size: number;
  readonly #quotas: readonly number[];
  #reading = false;
  #sent = 0;
  #told = 0;
  #next = 0;
  #goad = 0;
  #speech = 0;
  #blocked = false;
  #busy = false;

  /** `quotas` are, in turn, how many frames come while it does not read. */
  constructor(name: string, peers: readonly [Peer, Peer], quotas: readonly number[], size: number) {
    this.name = name;
    this.peers = peers;
    this.#quotas = quotas;
    this.#size = size;
  }

  get idle(): boolean {
    return this.#told === 0 && !this.#reading;
  }

  wantsToSend(peer: Peer): boolean {
    return peer === this.peers[0] && this.#blocked;
  }

  reads(peer: Peer): boolean {
    return peer === this.peers[0] || this.#reading || !this.#busy;
  }

  take(peer: Peer, from: number, serial: number): void {
    const [sender, reader] = this.peers;
    if (peer !== reader || from !== sender.number || serial === greeting) return;
    if (serial >= lastFrom) {
      if (this.#reading && serial === lastFrom + this.progress) this.#recovered();
      return;
    }
    if (serial < this.#next) this.faults.push(`${this.name}: frame ${serial} came after frame ${this.#next - 1}`);
    this.#next = serial + 1;
  }

  turn(now: number, busy: boolean): void {
    const [sender, reader] = this.peers;
    this.#blocked = false;
    this.#busy = busy;
    if (busy && now >= this.#speech) {
      this.#speech = now + speakInterval;
      reader.send(sender, greeting);
    }
    const quota = this.#quotas[this.progress % this.#quotas.length] ?? 0;
    if (!this.#reading && (this.#told >= quota || !busy)) this.#reading = this.#told > 0;
    if (!this.#reading) {
      if (!busy) return;
      const room = Math.min(64, quota - this.#told);
      const sent = sender.send(reader, this.#sent, room, this.#size);
      this.#sent += sent;
      this.#told += sent;
      this.#blocked = sent < room;
    } else if (now >= this.#goad) {
      this.#goad = now + goadInterval;
      sender.send(reader, lastFrom + this.progress);
    }
  }

  #recovered(): void {
    this.progress++;
    this.#reading = false;
    this.#told = 0;
  }
}

/** Clients that come, say a broadcast, never read, and go. */
export class Visitors implements Actor {
  readonly name: string;
  readonly faults: readonly string[] = [];
  readonly peers: readonly Peer[] = [];
  progress = 0;
  readonly #directories: readonly string[];
  readonly #interval: number;
  readonly #stay: number;
  readonly #there: Peer[] = [];
  #next = 0;

  /** One comes each `interval` milliseconds; `stay` of them are there at a time. */
  constructor(name: string, directories: readonly string[], { interval, stay }: { interval: number; stay: number }) {
    this.name = name;
    this.#directories = directories;
    this.#interval = interval;
    this.#stay = stay;
  }

  get idle(): boolean {
    return this.#there.length === 0;
  }

  wantsToSend(): boolean {
    return false;
  }

  reads(): boolean {
    return false;
  }

  take(): void {
    // It has no peers of which it is told.
  }

  turn(now: number, busy: boolean): void {
    if (!busy) {
      for (const peer of this.#there.splice(0)) peer[Symbol.dispose]();
      return;
    }
    if (now < this.#next) return;
    this.#next = now + this.#interval;
    const visitor = new Peer(this.#directories[this.progress % this.#directories.length] ?? '', 'visitor');
    visitor.send('all', greeting);
    this.#there.push(visitor);
    if (this.#there.length > this.#stay) this.#there.shift()?.[Symbol.dispose]();
    this.progress++;
  }
}
