import { closeSync } from 'node:fs';
import { boundTcpSocket, connectTcp, ownName, peerName, tcpSocket } from '../../system/tcp-socket.ts';
import { connectPath, listen, peerCredentials, streamSocket, type Fd } from '../../system/unix-socket.ts';
import { userPeer, type Peer } from '../peer.ts';
import { ListeningFile } from '../socket-file.ts';
import { formatTcpAddress, resolveHost, type TcpAddress } from '../tcp-address.ts';

/** A far end over TCP that acknowledges nothing for so long is dead, in milliseconds. On a silent connection the kernel notices up to 2.4 s later. */
export const tcpUserTimeout = 2200;

/** Where streams lead: the same whether it is a host or a socket file. */
export interface StreamEndpoint {
  /** As its user would write it. */
  readonly name: string;
  /** A socket whose connection is under way: it is writable when that is done or has failed. Throws EtherloomError or a SystemError. */
  connect(): Promise<Fd>;
  /** A socket that listens there. Throws EtherloomError or a SystemError (EADDRINUSE). */
  listen(): Promise<ListeningSocket>;
}

/** Who has connected, and the name that people see. */
export interface NamedPeer {
  readonly name: string;
  readonly peer: Peer;
}

/** A socket that listens, and what belongs to it. */
export interface ListeningSocket {
  readonly fd: Fd;
  /** The file that it is found by; undefined over TCP. */
  readonly file?: ListeningFile;
  /** Where it listens, also when the system chose. */
  readonly name: string;
  /** The TCP port; 0 on a socket file. */
  readonly port: number;
  /** Who has connected. Throws a SystemError when that one is gone already. */
  peer(connection: Fd): NamedPeer;
  /** Closes the socket and removes its file. */
  close(): void;
}

/** Connections that may wait to be accepted. */
const acceptBacklog = 128;

/** A host, by name or address, and a port. */
export function tcpEndpoint(address: TcpAddress): StreamEndpoint {
  return {
    name: formatTcpAddress(address),
    async connect() {
      const host = await resolveHost(address.host);
      return begun(tcpSocket(host, tcpUserTimeout), (fd) => connectTcp(fd, host, address.port));
    },
    async listen() {
      const host = await resolveHost(address.host);
      const fd = begun(boundTcpSocket(host, address.port, tcpUserTimeout), (bound) => listen(bound, acceptBacklog));
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

/** A socket file. Ours is its user's alone. */
export function unixEndpoint(path: string): StreamEndpoint {
  return {
    name: path,
    connect: () => promised(() => begun(streamSocket(), (fd) => connectPath(fd, path))),
    listen: () =>
      promised(() => {
        const file = ListeningFile.open({ path, mode: 0o600 });
        const peer = (connection: Fd): NamedPeer => {
          const credentials = peerCredentials(connection);
          return { name: `${path} pid=${credentials.pid}`, peer: userPeer(credentials) };
        };
        return { fd: file.fd, file, name: path, port: 0, peer, close: () => file[Symbol.dispose]() };
      }),
  };
}

/** The socket, after `work` on it; closed when that throws. */
function begun(fd: Fd, work: (fd: Fd) => void): Fd {
  try {
    work(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** What throws here rejects there. */
function promised<Value>(work: () => Value): Promise<Value> {
  return new Promise((resolve) => resolve(work()));
}
