import { isIPv6 } from 'node:net';
import { noFiles } from '../management/files.ts';
import type { Managed } from '../management/managed.ts';
import { allEffects, type Caller } from '../management/operation.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { isLoopback } from '../ports/exposure.ts';
import { ServedFile } from '../ports/served-file.ts';
import type { Random } from '../random.ts';
import { keyOf } from '../system/ip-address.ts';
import { peerName } from '../system/socket-name.ts';
import { farOwner } from '../system/tcp-owner.ts';
import type { Fd } from '../system/unix-socket.ts';
import { ApiListener, type ApiListenerOptions } from './api-listener.ts';
import { socketMode, strangerAt } from './own-api.ts';
import { TcpDoor } from './tcp-door.ts';

/** The place of a server: a socket file; or the IP address of a host, under the name that its user gave, and a port. */
export type HttpPlace = { readonly path: string } | { readonly host: string; readonly address: string; readonly port: number };

/** The settings of an HTTP server that its user asked for. */
export interface HttpFaceOptions {
  readonly place: HttpPlace;
  /** The token that each request must have. */
  readonly token: string;
  /** A token that is good for the metrics alone. Default: there is none. */
  readonly metricsToken?: string | undefined;
  /** True if clients may only read: they change nothing, and see no frames. */
  readonly readOnly: boolean;
  readonly random: Random;
  /** Called with the path, or with the host and the port, even if the system chose the latter. */
  readonly opened: (name: string) => void;
}

/**
 * Returns the function that opens the HTTP server of a switch. It throws if that cannot be opened, since its user asked for it: the errors
 * of ServedFile.open, and SystemError (EADDRINUSE).
 */
export function httpAt(options: HttpFaceOptions): (managed: Managed, environment: PortEnvironment) => AsyncDisposable {
  const { place, token, metricsToken, readOnly, random, opened } = options;
  const caller: Caller = { may: readOnly ? new Set(['reads']) : allEffects, files: noFiles };
  return (managed, environment) => {
    const at = doorAt(place, caller);
    const listener = new ApiListener({ ...at, token, metricsToken, random }, managed, environment);
    // The first client must not wait for it, and no frames with it.
    listener.load();
    opened(at.name);
    return listener;
  };
}

function doorAt(place: HttpPlace, caller: Caller): Pick<ApiListenerOptions, 'door' | 'name' | 'names' | 'callerAt' | 'originOf'> {
  if ('path' in place) {
    const door = ServedFile.open({ path: place.path, mode: socketMode });
    return { door, name: door.path, names: ['etherloom'], callerAt: (fd: Fd) => strangerAt(fd) ?? caller };
  }
  const door = new TcpDoor(place);
  return { door, name: door.name, names: [place.host], callerAt: () => caller, originOf };
}

/** Returns the user of a connection within this machine, else the host. A host of IPv6 has a network of 64 bits to itself. */
function originOf(fd: Fd): string {
  try {
    const { host } = peerName(fd);
    return isLoopback(host) ? `uid ${farOwner(fd) ?? 'unknown'}` : isIPv6(host) ? networkOf(host) : host;
  } catch {
    return ''; // it has already ended
  }
}

function networkOf(host: string): string {
  return String(keyOf(host)).slice(0, 16);
}
