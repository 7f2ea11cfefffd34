import { closeSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ConsoleSession, type Interpreter, type Terminal } from '../vde-console/console-session.ts';
import type { Ready, Watch } from '../system/readiness.ts';
import { peerCredentials, peerGroups, type Fd } from '../system/unix-socket.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { filesFor } from './console-files.ts';

/** What is read at once, in octets. */
const readSize = 16_384;

/** Somebody at the console's socket: what he types becomes lines, and the replies leave as fast as he reads them. */
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
  /** What is written now leaves when that is done. */
  #attending = true;
  #open = true;

  /** Owns the descriptor, a connected unix stream socket that does not block. `released` is told once, when the connection has ended. */
  constructor(fd: Fd, console: Interpreter, { loop, log }: PortEnvironment, released: (connection: ConsoleConnection) => void) {
    this.#fd = fd;
    this.#released = released;
    this.#watch = loop.readiness.watch(fd, { readable: true, writable: false }, (ready) => this.#ready(ready));
    const rights = { ...peerCredentials(fd), groups: peerGroups(fd) };
    this.#session = new ConsoleSession(console, { terminal: this.#terminal(), files: filesFor(rights, log), remote: true });
  }

  /** Greets; whoever owns the connection has it by then, for the other side may be gone already. */
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
      // Nothing would tell that there is more to do for whoever took all at once.
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
    // An event that is told while nobody types.
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

  /** After each event: whoever is done, goes; whoever is behind is not read; what waits is watched for. */
  #settle(): void {
    if (!this.#open) return;
    if (this.#size === 0 && (this.#ending || (this.#heardAll && !this.#session.congested))) this[Symbol.dispose]();
    else this.#watch.want({ readable: !this.#ending && !this.#heardAll && !this.#session.congested, writable: this.#size > 0 });
  }

  /** A system call's result; undefined when it is to be tried another time, or the other side is gone. */
  #call(call: () => number): number | undefined {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) this[Symbol.dispose]();
      return undefined;
    }
  }
}
