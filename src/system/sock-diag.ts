/** Queries the kernel about single sockets. This does not require a capability. [sock_diag(7)] */
import { closeSync } from 'node:fs';
import { decodeTcpDiagReply, encodeTcpDiagRequest, type TcpDiag, type TcpEnds } from './inet-diag.ts';
import { libc } from './libc.ts';
import { decodeUnixDiagReply, encodeUnixDiagRequest, type UnixDiag } from './unix-diag.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const MSG_DONTWAIT = 0x40;
const replyRoom = 4096;

/**
 * Returns the kernel's report on the unix socket with this inode number in this network namespace. Returns undefined if there is no such
 * socket, or if sock_diag is missing from the kernel or forbidden to this process (seccomp).
 */
export function inspectUnixSocket(inode: number): UnixDiag | undefined {
  const reply = ask(encodeUnixDiagRequest(inode));
  return reply && decodeUnixDiagReply(reply, inode);
}

/** Returns the kernel's report on a TCP socket in this network namespace, or undefined as `inspectUnixSocket` does. */
export function inspectTcpSocket(ends: TcpEnds): TcpDiag | undefined {
  const reply = ask(encodeTcpDiagRequest(ends));
  return reply && decodeTcpDiagReply(reply, ends);
}

/** Returns the reply to a request; undefined if there is none. */
function ask(request: Uint8Array): Uint8Array | undefined {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return undefined;
  try {
    if (libc.send(fd, request, request.length, 0) < 0) return undefined;
    // When `send` returns, the kernel has already queued the reply.
    const reply = Buffer.alloc(replyRoom);
    const length = libc.recv(fd, reply, reply.length, MSG_DONTWAIT);
    return length < 0 ? undefined : reply.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
