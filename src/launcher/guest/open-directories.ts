import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkSocketName, isUnixPath } from '../../system/socket-path.ts';

/** The first descriptor of QEMU after the standard ones. */
const firstInherited = 3;

/**
 * The directories of those sockets of QEMU whose paths are too long for a socket's name. QEMU inherits these directories open, and names
 * the sockets through its own descriptors, so the names stay valid while it lives.
 */
export class OpenDirectories implements Disposable {
  readonly #fds = new Map<string, number>();

  /** The open directories, which become the descriptors of QEMU from 3 on. */
  get descriptors(): readonly number[] {
    return [...this.#fds.values()];
  }

  /**
   * Returns the name by which QEMU can reach a socket's path. Throws `path-too-long`, or Node's error if the directory cannot be opened.
   */
  nameOf(path: string): string {
    if (isUnixPath(path)) return path;
    const [directory, name] = [dirname(path), basename(path)];
    checkSocketName(name, directory);
    if (!this.#fds.has(directory)) this.#fds.set(directory, openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY));
    return join(`/proc/self/fd/${firstInherited + [...this.#fds.keys()].indexOf(directory)}`, name);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }
}
