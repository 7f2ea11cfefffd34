import type { Running } from './running.ts';
import type { Stage } from './stage.ts';

/** A frame and when it came, in milliseconds since 1970. */
export interface Heard {
  readonly at: number;
  readonly frame: Uint8Array;
}

/** A vde_plug in a pipe, by which a test speaks and listens on a switch. */
export class Plug {
  readonly process: Running;
  readonly heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();

  /** Starts it, Debian's if no other command is given; it hears nothing until the switch has let it in. */
  constructor(stage: Stage, directory: string, ...command: readonly string[]) {
    this.process = stage.start([...(command.length > 0 ? command : ['vde_plug']), directory], { binary: true });
    let rest = Buffer.alloc(0);
    this.process.stdout.on('data', (octets: Buffer) => {
      rest = Buffer.concat([rest, octets]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUint16BE(0)) {
        const end = 2 + rest.readUint16BE(0);
        this.heard.push({ at: Date.now(), frame: rest.subarray(2, end) });
        rest = rest.subarray(end);
      }
      for (const look of [...this.#waiting]) look();
    });
  }

  /** Sends a frame. */
  send(frame: Uint8Array): void {
    const length = Buffer.alloc(2);
    length.writeUint16BE(frame.length);
    this.process.stdin.write(Buffer.concat([length, frame]));
  }

  /** Returns the first frame from number `from` on that is of that kind, heard or to be heard. Throws after `timeout` milliseconds. */
  async hears(what: string, isIt: (frame: Uint8Array) => boolean, { timeout = 20_000, from = 0 } = {}): Promise<Heard> {
    let next = from;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`the plug did not hear ${what} in ${timeout} ms, but ${this.heard.length} other frames`));
      }, timeout);
      const look = (): void => {
        for (; next < this.heard.length; next++) {
          const heard = this.heard[next];
          if (heard === undefined || !isIt(heard.frame)) continue;
          this.#waiting.delete(look);
          clearTimeout(timer);
          resolve(heard);
          return;
        }
      };
      this.#waiting.add(look);
      look();
    });
  }
}
