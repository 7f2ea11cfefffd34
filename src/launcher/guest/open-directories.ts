import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkSocketName, isUnixPath } from '../../system/socket-path.ts';

/** QEMU's first descriptor after its standard ones. */
const firstInherited = 3;

/**
 * The directories of QEMU's sockets whose paths are too long for a socket's name. QEMU inherits them open, and its names lead through its
 * own descriptors, so that they stay valid while it lives.
 */
export class OpenDirectories implements Disposable {
  readonly #fds = new Map<string, number>();

  /** The open directories: descriptor 3 of QEMU, and so on. */
  get descriptors(): readonly number[] {
    return [...this.#fds.values()];
  }

  /** Returns the name by which QEMU reaches a socket's path. Throws `path-too-long`, or Node's error if the directory cannot be opened. */
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
