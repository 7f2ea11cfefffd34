/** The service manager that started this process, which is told how far the service is. [sd_notify(3)] */
import { closeSync } from 'node:fs';
import { cleanText } from '../clean-text.ts';
import { isForUser } from '../errors.ts';
import { StreamMemory } from '../system/stream-socket.ts';
import { connectAbstract, connectPath, datagramSocket } from '../system/unix-socket.ts';

/** The longest message, in octets. */
const longest = 1024;

/** The socket of a service manager. */
export class ServiceManager {
  readonly #path: string;
  readonly #memory = new StreamMemory(longest);
  #status = '';

  /** `path` is the path of its socket, or `@` and an abstract name. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Returns the manager that the environment names, or undefined if there is none. */
  static find(path = process.env['NOTIFY_SOCKET']): ServiceManager | undefined {
    return path !== undefined && /^[/@]./.test(path) ? new ServiceManager(path) : undefined;
  }

  /** Reports that the service serves. */
  ready(): void {
    this.#tell('READY=1');
  }

  /** Reports the state of the service, in words, if it has changed. */
  status(text: string): void {
    if (text === this.#status) return;
    this.#status = text;
    this.#tell(`STATUS=${cleanText(text, longest / 4)}`);
  }

  /** Reports that the service is about to end. */
  stopping(): void {
    this.#tell('STOPPING=1');
  }

  /** Sends a message in a new connection each time, since a manager may be replaced. A message that cannot be sent is lost. */
  #tell(message: string): void {
    const fd = datagramSocket();
    try {
      if (this.#path.startsWith('@')) connectAbstract(fd, Buffer.from(`\0${this.#path.slice(1)}`));
      else connectPath(fd, this.#path);
      const { written } = new TextEncoder().encodeInto(message, this.#memory.octets);
      this.#memory.send(fd, 0, written);
    } catch (error) {
      if (!isForUser(error)) throw error;
    } finally {
      closeSync(fd);
    }
  }
}
