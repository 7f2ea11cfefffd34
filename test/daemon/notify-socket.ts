import { closeSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import { bindFile, datagramSocket } from '../../src/system/unix-socket.ts';
import { eventually } from '../eventually.ts';

/** The socket of a service manager, and the messages that services sent to it. */
export class NotifySocket {
  readonly path: string;
  /** The messages so far. Read them by `says`. */
  readonly heard: string[] = [];
  readonly #fd = datagramSocket();
  readonly #memory = new StreamMemory(4096);

  /** It is closed when the test ends. */
  constructor(path: string) {
    this.path = path;
    bindFile(this.#fd, { path, mode: 0o600 });
    onTestFinished(() => closeSync(this.#fd));
  }

  /** Resolves to the first message that matches, from now on or earlier. */
  says(pattern: RegExp): Promise<string> {
    return eventually(() => {
      this.#read();
      const message = this.heard.find((text) => pattern.test(text));
      if (message === undefined) throw new Error(`no ${String(pattern)} in ${JSON.stringify(this.heard)}`);
      return message;
    }, 20_000);
  }

  #read(): void {
    for (;;) {
      const length = this.#memory.receive(this.#fd, 0, 4096);
      if (typeof length === 'string') return;
      this.heard.push(new TextDecoder().decode(this.#memory.octets.subarray(0, length)));
    }
  }
}
