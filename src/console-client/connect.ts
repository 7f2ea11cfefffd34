import { statSync, type Stats } from 'node:fs';
import type { Socket } from 'node:net';
import { EtherloomError, errnoOf, errnoText, reasonOf } from '../errors.ts';
import { userName } from '../system/accounts.ts';
import { connectNodeSocket } from '../system/node-socket.ts';

/** Connects to the socket of a console. Throws EtherloomError: `not-permitted`, or `refused`. */
export async function connectConsole(path: string): Promise<Socket> {
  const socket = connectNodeSocket(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(unreachable(path, error)));
  });
  return socket;
}

function unreachable(path: string, error: Error): EtherloomError {
  const what = `cannot connect to ${path}`;
  const status = statusOf(path);
  // Checked first: for a file that is not a socket, the system reports a refused connection or missing permission.
  if (status && !status.isSocket()) {
    const kind = status.isDirectory() ? 'a directory' : 'not a socket';
    return new EtherloomError('refused', `${what}: it is ${kind}; give the console's socket, which the switch's -M (--mgmt) names`);
  }
  const errno = errnoOf(error);
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new EtherloomError(
        'refused',
        `${what}: ${errnoText(errno)}; start the switch with -M ${path}, or give the path that its -M names`,
      );
    case 'ECONNREFUSED':
      return new EtherloomError('refused', `${what}: ${errnoText(errno)}; the process that made the socket has ended: start it again`);
    case 'EPROTOTYPE':
      return new EtherloomError('refused', `${what}: ${errnoText(errno)}; give the console's socket, which the switch's -M (--mgmt) names`);
    case 'EACCES':
    case 'EPERM': {
      const whose = status
        ? ` (mode ${(status.mode & 0o777).toString(8).padStart(4, '0')}, owner ${userName(status.uid) ?? status.uid})`
        : '';
      return new EtherloomError(
        'not-permitted',
        `${what}: permission denied${whose}; run as that user, or start the switch with --mgmtmode and --mgmtgroup`,
      );
    }
    default:
      return new EtherloomError('refused', `${what}: ${reasonOf(error)}`);
  }
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A directory on the path may not be searched.
    return undefined;
  }
}
