import { closeSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ConsoleSession, type Interpreter, type Terminal } from '../vde-console/console-session.ts';
import { errnoOf } from '../errors.ts';
import type { Ready, Watch } from '../system/readiness.ts';
import { peerCredentials, peerGroups, type Fd } from '../system/unix-socket.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { filesFor } from './console-files.ts';

/** The size of one read, in octets. */
const readSize = 16_384;

/** A connection to a console's socket. Input becomes lines, and replies are sent as fast as the client reads them. */
export class ConsoleConnection implements Disposable {
  readonly #fd: Fd;
  readonly #session: ConsoleSession;
  readonly #watch: Watch;
  readonly #released: (connection: ConsoleConnection) => void;
  readonly #decoder = new StringDecoder();
  readonly #memory = Buffer.alloc(readSize);
  #waiting: Uint8Array[] = [];
  #size = 0;
  #heardAll = false;
  #ending = false;
  /** True while an event is handled. Output written meanwhile is sent at the end of it. */
  #attending = true;
  #open = true;

  /**
   * Takes ownership of the descriptor, a connected non-blocking unix stream socket. `released` is called once, when the connection has
   * ended.
   */
  constructor(fd: Fd, console: Interpreter, { loop, log }: PortEnvironment, released: (connection: ConsoleConnection) => void) {
    this.#fd = fd;
    this.#released = released;
    this.#watch = loop.readiness.watch(fd, { readable: true, writable: false }, (ready) => this.#ready(ready));
    const rights = { ...peerCredentials(fd), groups: peerGroups(fd) };
    this.#session = new ConsoleSession(console, { terminal: this.#terminal(), files: filesFor(rights, log), remote: true });
  }

  /** Sends the greeting. The owner must have registered the connection before, since it may end during this call. */
  start(): void {
    this.#drain();
    this.#attending = false;
    this.#settle();
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#session.close();
    this.#watch[Symbol.dispose]();
    closeSync(this.#fd);
    this.#released(this);
  }

  #terminal(): Terminal {
    const write = (text: string): void => this.#write(text);
    const end = (): void => {
      this.#ending = true;
      if (!this.#attending) this.#settle();
    };
    const wake = (): void => this.#ready({ readable: false, writable: true, failed: false });
    return { write, prompt: write, backlog: () => this.#size, wake, end };
  }

  #ready({ readable, writable, failed }: Ready): void {
    this.#attending = true;
    if (writable || failed) this.#drain();
    if (this.#open && (readable || failed) && !this.#heardAll && !this.#session.congested) this.#read();
    do {
      this.#session.resume();
      this.#drain();
      // If the client took all output at once, no event will follow to continue the session, so it continues here.
    } while (this.#open && this.#size === 0 && this.#session.congested && !this.#session.holding);
    this.#attending = false;
    this.#settle();
  }

  #read(): void {
    const count = this.#call(() => readSync(this.#fd, this.#memory));
    if (count === undefined) return;
    this.#heardAll = count === 0;
    if (this.#heardAll) this.#session.finish();
    else this.#session.receive(this.#decoder.write(this.#memory.subarray(0, count)));
  }

  #write(text: string): void {
    if (!this.#open || text === '') return;
    const octets = Buffer.from(text);
    this.#waiting.push(octets);
    this.#size += octets.length;
    // An event of the console, emitted while no input is handled.
    if (!this.#attending && this.#waiting.length === 1) this.#settle();
  }

  #drain(): void {
    for (let first = this.#waiting[0]; this.#open && first; first = this.#waiting[0]) {
      const octets = first;
      const count = this.#call(() => writeSync(this.#fd, octets));
      if (count === undefined) return;
      this.#size -= count;
      if (count < octets.length) {
        this.#waiting[0] = octets.subarray(count);
        return;
      }
      this.#waiting.shift();
    }
  }

  /** Runs after each event: closes the connection if it is done, stops reading if the client is behind, and watches for pending work. */
  #settle(): void {
    if (!this.#open) return;
    if (this.#size === 0 && (this.#ending || (this.#heardAll && !this.#session.congested))) this[Symbol.dispose]();
    else this.#watch.want({ readable: !this.#ending && !this.#heardAll && !this.#session.congested, writable: this.#size > 0 });
  }

  /** Returns the result of a system call. Returns undefined if the call would block, or after an error, which closes the connection. */
  #call(call: () => number): number | undefined {
    try {
      return call();
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') this[Symbol.dispose]();
      return undefined;
    }
  }
}
