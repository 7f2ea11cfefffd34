import { closeSync } from 'node:fs';
import { ownName, peerName } from '../../system/socket-name.ts';
import { boundTcpSocket, connectTcp, tcpSocket } from '../../system/tcp-socket.ts';
import { connectPath, listen, peerCredentials, socketOf, type Fd, type SocketKind } from '../../system/unix-socket.ts';
import { userPeer, type Peer } from '../pure/peer.ts';
import { ListeningFile } from '../socket-file.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from '../tcp-address.ts';

/**
 * How long a far end over TCP may acknowledge nothing before it counts as dead, in milliseconds, and how long dialling may take. On a silent
 * connection the kernel notices up to 2.4 s later. Links whose far end is one of ours are judged by FarLife alone.
 */
export const tcpUserTimeout = 2200;

/** The far end of streams: the same for a host and for a socket file. */
export interface StreamEndpoint {
  /** The name, as its user would write it. */
  readonly name: string;
  /**
   * Returns a socket with a pending connection: it is writable when that has succeeded or failed. Throws EtherloomError or a SystemError.
   */
  connect(): Promise<Fd>;
  /**
   * Returns a socket that listens there; `backlog` connections may wait to be accepted, by default 128. Throws EtherloomError or a SystemError
   * (EADDRINUSE).
   */
  listen(backlog?: number): Promise<ListeningSocket>;
}

/** The peer of a connection, and its name for people. */
export interface NamedPeer {
  readonly name: string;
  readonly peer: Peer;
}

/** A listening socket, and its file and name. */
export interface ListeningSocket {
  readonly fd: Fd;
  /** The file by which it is found; undefined over TCP. */
  readonly file?: ListeningFile;
  /** The address at which it listens, even if the system chose it. */
  readonly name: string;
  /** The TCP port; 0 on a socket file. */
  readonly port: number;
  /** Returns the peer of a connection. Throws a SystemError if the peer is already gone. */
  peer(connection: Fd): NamedPeer;
  /** Closes the socket and removes its file. */
  close(): void;
}

/** Connections that may wait to be accepted. */
const acceptBacklog = 128;

/** Returns the endpoint of a host, by name or address, and a port. */
export function tcpEndpoint(address: TcpAddress): StreamEndpoint {
  return {
    name: formatTcpAddress(address),
    async connect() {
      const host = await resolveHost(address.host);
      return begun(tcpSocket(host, tcpUserTimeout), (fd) => connectTcp(fd, host, address.port));
    },
    async listen(backlog = acceptBacklog) {
      const host = await resolveHost(address.host);
      const fd = begun(boundTcpSocket(host, address.port, tcpUserTimeout), (bound) => listen(bound, backlog));
      const { port } = ownName(fd);
      return {
        fd,
        name: formatTcpAddress({ host: address.host, port }),
        port,
        peer: (connection) => {
          const name = formatTcpAddress(peerName(connection));
          return { name, peer: { kind: 'remote', address: name } };
        },
        close: () => closeSync(fd),
      };
    },
  };
}

/** Returns the endpoint of a socket file, of that kind. A file that we make is for its user only. */
export function unixEndpoint(path: string, kind: SocketKind = 'stream'): StreamEndpoint {
  return {
    name: path,
    connect: () => promised(() => begun(socketOf(kind), (fd) => connectPath(fd, path))),
    listen: () =>
      promised(() => {
        const file = ListeningFile.open({ path, mode: 0o600 }, kind);
        const peer = (connection: Fd): NamedPeer => {
          const credentials = peerCredentials(connection);
          return { name: `${path} pid=${credentials.pid}`, peer: userPeer(credentials) };
        };
        return { fd: file.fd, file, name: path, port: 0, peer, close: () => file[Symbol.dispose]() };
      }),
  };
}

/** Returns the socket after `work` on it. Closes it if that throws. */
function begun(fd: Fd, work: (fd: Fd) => void): Fd {
  try {
    work(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Returns a promise that rejects if `work` throws. */
function promised<Value>(work: () => Value): Promise<Value> {
  return new Promise((resolve) => resolve(work()));
}
