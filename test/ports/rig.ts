import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { logTo } from '../../src/log.ts';
import { realClock, type Clock, type Timer } from '../../src/clock.ts';
import { BreathLoop } from '../../src/plane/breath.ts';
import { BacklogBudget } from '../../src/ports/pure/backlog.ts';
import type { PortEnvironment } from '../../src/ports/environment.ts';
import { maxFrame, type Acceptor, type Port, type PortCounters, type PortNumber, type Receiver } from '../../src/ports/pure/port.ts';
import { isInPlace, type NamedSocket } from '../../src/ports/socket-file.ts';
import { ReceiveRing, SendBatch } from '../../src/system/datagrams.ts';
import { openLoop } from '../../src/system/loop.ts';
import type { Peer } from '../../src/ports/pure/peer.ts';

/** The machine's clock, which counts the timers that have gone off: attempts to dial again, while there is no connection. */
export class CountingClock implements Clock {
  /** How many timers have gone off. */
  count = 0;
  readonly monotonic = realClock.monotonic;
  readonly wall = realClock.wall;
  readonly defer = realClock.defer;

  after(delay: number, run: () => void): Timer {
    return realClock.after(delay, () => {
      this.count++;
      run();
    });
  }
}

/** The environment of drivers under test: a loop of their own, and breaths after which all borrowed memory is overwritten. */
export class Rig {
  readonly environment: PortEnvironment;
  readonly budget = new BacklogBudget();
  readonly logged: string[] = [];
  readonly #breaths = new BreathLoop({ end: () => this.environment.loop.poison() });
  readonly #scratch = new Uint8Array(2 ** 20);

  constructor(clock: Clock = realClock) {
    const log = logTo((message) => void this.logged.push(message));
    const breath = this.#breaths.run;
    this.environment = {
      clock,
      log,
      breath,
      release: (done) => this.#breaths.release(done),
      loop: openLoop({ frameSize: maxFrame, breath }),
      budget: this.budget,
    };
  }

  /** Sends frames in one breath, from memory that is overwritten after it. */
  send(port: Port, ...frames: readonly Uint8Array[]): void {
    this.environment.breath(() => {
      let at = 0;
      for (const frame of frames) {
        const lent = this.#scratch.subarray(at, at + frame.length);
        lent.set(frame);
        at += frame.length;
        this.transmit(port, lent);
      }
    });
    this.#scratch.fill(0xa5);
  }

  /** For use inside a breath: hands a frame to a port, to be flushed with the others. */
  transmit(port: Port, frame: Uint8Array): void {
    this.#breaths.give(port, frame);
  }
}

/** A receiver that keeps copies, and whose events can be awaited. */
export class Collector implements Receiver {
  frames: Uint8Array[] = [];
  up: boolean | undefined;
  reason: string | undefined;
  readonly #forward: ((frame: Uint8Array) => void) | undefined;
  #waiters: { condition: () => boolean; resolve: () => void }[] = [];

  /** `forward` is called with each frame while it is borrowed. */
  constructor(forward?: (frame: Uint8Array) => void) {
    this.#forward = forward;
  }

  receive(frame: Uint8Array): void {
    expect(frame).not.toBeInstanceOf(Buffer);
    this.frames.push(frame.slice());
    this.#forward?.(frame);
    this.#changed();
  }

  carrier(up: boolean): void {
    this.up = up;
    this.#changed();
  }

  closed(reason: string): void {
    this.reason = reason;
    this.#changed();
  }

  /** Resolves when so many frames came. */
  count(frames: number): Promise<void> {
    return this.#until(() => this.frames.length >= frames);
  }

  /** Resolves when the carrier is so. */
  carrierIs(up: boolean): Promise<void> {
    return this.#until(() => this.up === up);
  }

  /** Resolves when the port has ended by itself. */
  async ended(): Promise<string> {
    await this.#until(() => this.reason !== undefined);
    return this.reason ?? '';
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ condition, resolve }));
  }

  #changed(): void {
    const ready = this.#waiters.filter(({ condition }) => condition());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

/** Takes every client, and yields their ports in order. */
export class Ports implements Acceptor {
  readonly ports: Port[] = [];
  /** The number and peer of each, beside `ports`. */
  readonly given: { readonly number: PortNumber; readonly peer: Peer }[] = [];
  #waiters: ((port: Port) => void)[] = [];
  #taken = 0;

  choose: Acceptor['choose'] = (wish) => (wish === 'any' ? this.ports.length + 1 : wish === 'management' ? 0 : wish);

  accept(port: Port, number: PortNumber, peer: Peer): void {
    this.ports.push(port);
    this.given.push({ number, peer });
    this.#waiters.shift()?.(port);
  }

  /** Returns the next port that was not asked for yet. */
  next(): Promise<Port> {
    const port = this.ports[this.#taken++];
    return port ? Promise.resolve(port) : new Promise((resolve) => this.#waiters.push(resolve));
  }
}

/** Starts delivery to a new collector. */
export function collect(port: Port, forward?: (frame: Uint8Array) => void): Collector {
  const collector = new Collector(forward);
  port.attach(collector);
  return collector;
}

/** Disposes it when the test ends, and returns it. */
export function using<Resource extends AsyncDisposable>(resource: Resource): Resource {
  onTestFinished(() => resource[Symbol.asyncDispose]());
  return resource;
}

/** Returns the path of a socket's file that is not there any more, or means another one. */
export function lost(socket: NamedSocket | undefined): string | undefined {
  return socket?.files.find((file) => !isInPlace(file))?.path;
}

/** Returns a new directory with a short name, removed when the test ends. */
export function newDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'port-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Returns a frame of that size, unlike those of other seeds. */
export function frameOf(size: number, seed = size): Uint8Array {
  const frame = new Uint8Array(size);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    frame[i] = state >>> 24;
  }
  return frame;
}

/** Returns whether two lists hold the same octets, in the same order. */
export function sameFrames(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((frame, i) => Buffer.compare(frame, b[i] ?? new Uint8Array(0)) === 0);
}

/** Returns how many frames a port did not carry. */
export function dropped({ drops }: PortCounters): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}

/** Returns how many descriptors this process has. */
export function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

const longRing = new ReceiveRing(65_536);
const longBatch = new SendBatch(longRing);

/** Sends one datagram of any size up to 65,536 octets on a connected socket; returns the errno's name when that is refused. */
export function sendDatagram(fd: number, octets: Uint8Array): string | undefined {
  const result = longBatch.send(fd, [octets], 0);
  return typeof result === 'string' ? result : undefined;
}
