import { filesFor } from '../console-server/console-files.ts';
import { isForUser, messageOf } from '../errors.ts';
import type { Managed } from '../management/managed.ts';
import { allEffects, type Caller } from '../management/operation.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { ServedFile } from '../ports/served-file.ts';
import type { Random } from '../random.ts';
import { peerCredentials, peerGroups, type Fd } from '../system/unix-socket.ts';
import { ApiListener } from './api-listener.ts';

/** The permission bits of a socket of the API: it is this user's alone. */
export const socketMode = 0o600;

/**
 * Returns the function that opens the API of a switch at that path: the service's own door, a unix socket for its own user and root. If
 * it cannot be opened, that is logged.
 */
export function apiAt(path: string, random: Random): (managed: Managed, environment: PortEnvironment) => Disposable | AsyncDisposable {
  return (managed, environment) => {
    try {
      const door = ServedFile.open({ path, mode: socketMode });
      const callerAt = (fd: Fd): Caller | string =>
        strangerAt(fd) ?? { may: allEffects, files: filesFor({ ...peerCredentials(fd), groups: peerGroups(fd) }, environment.log) };
      return new ApiListener({ name: door.path, door, callerAt, random, names: ['etherloom'] }, managed, environment);
    } catch (error) {
      if (!isForUser(error)) throw error;
      environment.log.warn(`commands cannot reach this service: no API at ${path}: ${messageOf(error)}`);
      return { [Symbol.dispose]: () => undefined };
    }
  };
}

/**
 * Returns why the user at the other side of a unix socket is not served; undefined otherwise. The mode of the socket keeps others out,
 * unless it was changed.
 */
export function strangerAt(fd: Fd): string | undefined {
  const { uid } = peerCredentials(fd);
  if (uid === 0 || uid === process.geteuid?.()) return undefined;
  return `uid ${uid} is neither this service's user nor root`;
}
