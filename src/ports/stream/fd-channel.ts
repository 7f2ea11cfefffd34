import { closeSync } from 'node:fs';
import { SystemError } from '../../errors.ts';
import type { StreamEnd } from '../../system/pipe.ts';
import type { Interest, Ready, Watch } from '../../system/readiness.ts';
import type { StreamMemory, StreamRing } from '../../system/stream-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import type { ByteChannel } from './byte-channel.ts';

/** A byte channel on a descriptor: octets cross as they are. */
export class FdChannel implements ByteChannel {
  readonly #end: StreamEnd;
  readonly #environment: PortEnvironment;

  /** The end belongs to the channel from here. */
  constructor(end: StreamEnd, environment: PortEnvironment) {
    this.#end = end;
    this.#environment = environment;
  }

  /** Returns a channel on a non-blocking stream socket, which it owns from here. */
  static onSocket(fd: Fd, environment: PortEnvironment): FdChannel {
    return new FdChannel({ fd, kind: 'socket', [Symbol.dispose]: () => closeSync(fd) }, environment);
  }

  get socket(): Fd | undefined {
    return this.#end.kind === 'socket' ? this.#end.fd : undefined;
  }

  receive(ring: StreamRing, rest: Uint8Array): number | string {
    return ring.receive(this.#end.fd, rest, this.#end.kind);
  }

  send(memory: StreamMemory, start: number, end: number): number | string {
    return memory.send(this.#end.fd, start, end, this.#end.kind);
  }

  /** Watches the descriptor. One that cannot be watched is a file, or like one: it is ready at any time. */
  watch(interest: Interest, tell: (ready: Ready) => void): Watch {
    try {
      return this.#environment.loop.readiness.watch(this.#end.fd, interest, tell);
    } catch (error) {
      if (error instanceof SystemError && error.errno === 'EPERM') return new AlwaysReady(this.#environment, interest, tell);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#end[Symbol.dispose]();
  }
}

/** The watch of a descriptor that is always ready: it calls back once a turn of the event loop. */
class AlwaysReady implements Watch {
  readonly #environment: PortEnvironment;
  readonly #tell: (ready: Ready) => void;
  #wanted: Interest = { readable: false, writable: false };
  #pending = false;

  constructor(environment: PortEnvironment, interest: Interest, tell: (ready: Ready) => void) {
    this.#environment = environment;
    this.#tell = tell;
    this.want(interest);
  }

  want(interest: Interest): void {
    this.#wanted = interest;
    if (this.#pending || !this.#isWanted()) return;
    this.#pending = true;
    this.#environment.clock.defer(this.#turn);
  }

  #isWanted(): boolean {
    return this.#wanted.readable || this.#wanted.writable;
  }

  readonly #turn = (): void => {
    this.#pending = false;
    if (!this.#isWanted()) return;
    this.#environment.breath(() => {
      this.#environment.loop.streams.rewind(1);
      this.#tell({ ...this.#wanted, failed: false });
    });
    this.want(this.#wanted);
  };

  [Symbol.dispose](): void {
    this.#wanted = { readable: false, writable: false };
  }
}
