/**
 * The clients that can connect to a switch whose directory has a long path. Clients of libvdeplug (QEMU, VDE's own) use the directory's
 * real path, whether they follow links or not, and fail if a socket's name cannot hold it. Ours go through the open directory.
 */
import { basename, join } from 'node:path';
import { maxUnixPath } from '../../system/socket-path.ts';

/** The longest directory path, in octets, that all clients can use, whatever number a port's socket has. */
const longestForAll = maxUnixPath - '/001.9999'.length;

const remedy = `choose a directory of at most ${longestForAll} octets with --sock`;

/** Returns the warning for a directory with sockets that some clients cannot reach; undefined if all can. */
export function unreachableSockets(directory: string): string | undefined {
  const [control, port] = [join(directory, 'ctl'), join(directory, '001.10')];
  if (isTooLong(control)) {
    return (
      `${control} has ${Buffer.byteLength(control)} octets, and the address of a unix socket holds ${maxUnixPath}: etherloom's own commands can connect to` +
      ` it, but QEMU with -netdev vde and VDE's programs cannot; for those ${remedy}`
    );
  }
  if (!isTooLong(port)) return undefined;
  return (
    `the sockets of ports, such as ${port}, have ${Buffer.byteLength(port)} octets or more, and the address of a unix socket holds ${maxUnixPath}:` +
    ` QEMU with -netdev vde and VDE's programs can connect only as the switch's user or root; for other users ${remedy}`
  );
}

/** Returns the warning for a client that may be unable to follow the path in its reply; undefined if it certainly can. */
export function unreachableReply(
  told: string,
  directory: string,
  { uid, pid }: { readonly uid: number; readonly pid: number },
): string | undefined {
  // If original clients cannot reach `ctl`, those that ask are ours.
  if (!isThroughProcess(told) || isTooLong(join(directory, 'ctl')) || uid === 0 || uid === process.geteuid?.()) return undefined;
  return (
    `the client of uid ${uid}, pid ${pid} was told ${told}, since the path of its port's socket in ${directory} has more than ${maxUnixPath} octets;` +
    ` etherloom's own commands can use it, but QEMU and VDE's programs only as the switch's user or root: for those ${remedy}`
  );
}

/** Returns the path of the port's socket from a switch's reply, for a client that found the switch in `directory`. */
export function reachablePath(told: string, directory: string): string {
  // Only the switch's user, and root, may go through the descriptors of its process.
  return isThroughProcess(told) ? join(directory, basename(told)) : told;
}

function isThroughProcess(told: string): boolean {
  return /^\/proc\/\d+\/fd\/\d+\/[^/]+$/.test(told);
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > maxUnixPath;
}
