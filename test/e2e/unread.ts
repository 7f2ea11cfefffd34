import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { libc } from '../../src/system/libc.ts';
import { openPipe } from '../../src/system/pipe.ts';
import { accept, bindFile, connectPath, listen, streamSocket, type Fd } from '../../src/system/unix-socket.ts';

const F_SETFL = 4;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;

/** The kinds of standard error. */
export const readers = ['pipe', 'FIFO', 'terminal', 'socket'] as const;

/** A reader of a process's standard error that reads only when the test does. */
export class StoppedReader implements Disposable {
  /** The end for the writer. */
  readonly writeEnd: Fd;
  readonly #readEnd: Fd;

  constructor(kind: (typeof readers)[number], directory: string) {
    [this.#readEnd, this.writeEnd] = opened[kind](directory);
  }

  /** Returns all that waits now. */
  read(): string {
    const memory = Buffer.alloc(65_536);
    let text = '';
    try {
      for (let count = 1; count > 0;) {
        count = readSync(this.#readEnd, memory);
        text += memory.toString('utf8', 0, count);
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EIO'))) throw error;
    }
    return text;
  }

  /** True if writes of those who share the write end do wait. */
  get waits(): boolean {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${this.writeEnd}`, 'utf8'))?.[1] ?? '';
    return (parseInt(flags, 8) & constants.O_NONBLOCK) === 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#readEnd);
    closeSync(this.writeEnd);
  }
}

const opened: Readonly<Record<(typeof readers)[number], (directory: string) => [Fd, Fd]>> = {
  pipe() {
    const { read, write } = openPipe();
    libc.fcntl(read, F_SETFL, constants.O_NONBLOCK);
    return [read, write];
  },
  FIFO(directory) {
    const path = join(directory, 'fifo');
    spawnSync('mkfifo', [path]);
    const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return [read, openSync(path, 'w')];
  },
  terminal() {
    const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const number = Buffer.alloc(4);
    libc.ioctlOn(master, TIOCSPTLCK, number);
    libc.ioctlOn(master, TIOCGPTN, number);
    return [master, openSync(`/dev/pts/${number.readUInt32LE()}`, constants.O_RDWR | constants.O_NOCTTY)];
  },
  socket(directory) {
    const [listening, connecting] = [streamSocket(), streamSocket()];
    const path = join(directory, 'reader');
    bindFile(listening, { path, mode: 0o700 });
    listen(listening, 1);
    connectPath(connecting, path);
    libc.fcntl(connecting, F_SETFL, 0);
    const accepted = accept(listening);
    closeSync(listening);
    return [accepted ?? -1, connecting];
  },
};
