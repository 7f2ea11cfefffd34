import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { lastErrno, libc } from '../../src/system/libc.ts';
import { connect, type RawClient } from '../ports/vde-stage.ts';

const POLLIN = 1;
const POLLOUT = 4;
const localExperimental = 0x88b5; // [IEEE 802, 9.2.4]
const headerSize = 14;

/** How long anything may take, in milliseconds: only a switch that does not work takes so long. */
const patience = 10_000;

const ring = new ReceiveRing(9234);
const batch = new SendBatch(ring);

let stations = 0;

/** The receiver or sender of a frame: a station by its number, or all. */
export type Whom = number | 'all';

/**
 * A station on a switch that is a process of its own. It reads when it is told to and not otherwise, and waits by blocking: what the
 * test does and what the switch does are two threads of events, no third.
 */
export class VdeStation {
  /** By which its address is known. */
  readonly number = ++stations;
  readonly #client: RawClient;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  /** Plugs in: at any port, or at that. */
  static async plug(directory: string, port?: number): Promise<VdeStation> {
    return new VdeStation(await connect(directory, port));
  }

  /** Returns a frame of this station's, with a number that `serial` gives back. */
  frame(to: Whom, serial: number, size = 60): Uint8Array {
    const octets = new Uint8Array(size);
    const view = new DataView(octets.buffer);
    if (to === 'all') octets.fill(0xff, 0, 6);
    else view.setUint32(2, to);
    if (to !== 'all') octets[0] = 2;
    octets[6] = 2;
    view.setUint32(8, this.number);
    view.setUint16(12, localExperimental);
    view.setUint32(headerSize, serial);
    return octets;
  }

  /** Sends what the kernel takes now, the first ones, at most a batch of 64; returns how many. */
  offer(frames: readonly Uint8Array[], from = 0): number {
    const sent = batch.send(this.#client.data, frames, from);
    if (typeof sent === 'string') throw new Error(`station ${this.number} cannot send: ${sent}`);
    return sent;
  }

  /** Sends all, as soon as the kernel takes them. */
  send(frames: readonly Uint8Array[]): void {
    for (let sent = 0; sent < frames.length;) {
      const some = this.offer(frames, sent);
      if (some === 0) this.#wait(POLLOUT, 'can send no more');
      sent += some;
    }
  }

  /** Reads what waits now, at most a batch of 64, and returns only how many frames those were. */
  skip(): number {
    ring.rewind(1);
    const count = ring.receive(this.#client.data);
    if (typeof count === 'string') throw new Error(`station ${this.number} cannot receive: ${count}`);
    return count;
  }

  /** Returns the waiting frames: copies, at most a batch of 64. */
  take(): Uint8Array[] {
    return Array.from({ length: this.skip() }, (_, i) => ring.frame(i)?.slice() ?? new Uint8Array());
  }

  /** Reads until the frame that is meant comes, and returns those before it. */
  hear(isLast: (frame: Uint8Array) => boolean): Uint8Array[] {
    const heard: Uint8Array[] = [];
    for (;;) {
      for (const frame of this.take()) {
        if (isLast(frame)) return heard;
        heard.push(frame);
      }
      this.#wait(POLLIN, `hears no more after ${heard.length} frames`);
    }
  }

  /** Waits until there is something to read. */
  awaitFrame(): void {
    this.#wait(POLLIN, 'hears nothing');
  }

  /** Leaves. */
  unplug(): void {
    this.#client[Symbol.dispose]();
  }

  #wait(events: number, otherwise: string): void {
    const descriptors = new Uint8Array(8);
    const view = new DataView(descriptors.buffer);
    view.setInt32(0, this.#client.data, true);
    view.setInt16(4, events, true);
    const limit = performance.now() + patience;
    for (;;) {
      const ready = libc.poll(descriptors, 1, Math.max(0, Math.ceil(limit - performance.now())));
      if (ready > 0) return;
      // A child of the test that stops or ends interrupts the wait. [poll(2), EINTR]
      if (ready === 0 || lastErrno() !== 'EINTR') throw new Error(`station ${this.number} ${otherwise}`);
    }
  }
}

/** Frames for a station to send, in order. */
export interface Flow {
  readonly from: VdeStation;
  readonly frames: readonly Uint8Array[];
}

/** How far a receiver may be behind those who send to it, in frames: as far as one is who reads, but has not the processor. */
const window = 200;

/** Several flows at once, each as fast as the switch takes it and all receivers read, who hear all flows but their own. */
export class Traffic {
  readonly #flows: readonly Flow[];
  readonly #sent: number[];
  readonly #heard = new Map<VdeStation, Uint8Array[]>();

  constructor(flows: readonly Flow[]) {
    this.#flows = flows;
    this.#sent = flows.map(() => 0);
  }

  /** Sends all, and goes on until each of the receivers has heard so many frames. Throws when nothing moves before that. */
  runUntil(receivers: readonly VdeStation[], count: number): void {
    let last = performance.now();
    const isDone = (): boolean =>
      this.#flows.every(({ frames }, i) => this.#sent[i] === frames.length) &&
      receivers.every((receiver) => this.heardBy(receiver).length >= count);
    while (!isDone()) {
      const now = performance.now();
      if (this.#turn(receivers)) last = now;
      else if (now - last > patience)
        throw new Error(`nothing moves, and ${receivers.map((one) => this.heardBy(one).length).join(', ')} came`);
      else libc.sched_yield();
    }
  }

  /** Returns the frames that a receiver has received. */
  heardBy(receiver: VdeStation): readonly Uint8Array[] {
    return this.#heard.get(receiver) ?? [];
  }

  /** Returns how many frames are on their way to a receiver. */
  #behind(receiver: VdeStation): number {
    let sent = 0;
    for (const [i, { from }] of this.#flows.entries()) if (from !== receiver) sent += this.#sent[i] ?? 0;
    return sent - this.heardBy(receiver).length;
  }

  /** Returns whether something was sent or heard. */
  #turn(receivers: readonly VdeStation[]): boolean {
    let moved = false;
    const room = receivers.every((receiver) => this.#behind(receiver) < window);
    for (const [i, { from, frames }] of this.#flows.entries()) {
      if (!room) break;
      const before = this.#sent[i] ?? 0;
      if (before === frames.length) continue;
      const sent = from.offer(frames, before);
      this.#sent[i] = before + sent;
      moved ||= sent > 0;
    }
    for (const receiver of receivers) {
      const heard = this.#heard.get(receiver) ?? [];
      const some = receiver.take();
      heard.push(...some);
      this.#heard.set(receiver, heard);
      moved ||= some.length > 0;
    }
    return moved;
  }
}

/** Returns the number of the station that sent a frame. */
export function senderOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(8);
}

/** Returns the number that a frame was made with. */
export function serialOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(headerSize);
}

/** Lets each station say a frame to all, and the others hear it: so the switch knows where each is. */
export function introduce(stations: readonly VdeStation[]): void {
  for (const station of stations) {
    station.send([station.frame('all', 0)]);
    for (const other of stations) if (other !== station) other.hear((frame) => senderOf(frame) === station.number);
  }
}
