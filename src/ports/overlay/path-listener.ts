import { closeSync } from 'node:fs';
import { bindIp, connectIp, rawSocket, setReceiveBuffer } from '../../system/ip-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import { askPathMtu } from './path-mtu.ts';

/**
 * Sockets by which the kernel learns from routers that packets of a protocol on IPv6 are too long. It heeds those reports only for a raw
 * socket that is connected to the packet's destination. They neither send nor read.
 */
export class PathListener implements Disposable {
  readonly #protocol: number;
  readonly #addresses: () => readonly string[];
  readonly #sockets = new Map<string, Fd>();

  /** `addresses` returns those of the remotes at this time. */
  constructor(protocol: number, addresses: () => readonly string[]) {
    this.#protocol = protocol;
    this.#addresses = addresses;
  }

  /** Returns the MTU of the path to a remote, and listens for reports about it from here on. Throws a SystemError without a route. */
  readonly ask = (address: string, local?: string): number => {
    const current = this.#addresses();
    for (const known of this.#sockets.keys()) if (!current.includes(known)) this.#close(known);
    if (!this.#sockets.has(address)) this.#sockets.set(address, this.#open(address, local));
    return askPathMtu(address, local);
  };

  [Symbol.dispose](): void {
    for (const address of this.#sockets.keys()) this.#close(address);
  }

  #open(address: string, local: string | undefined): Fd {
    const fd = rawSocket(6, this.#protocol);
    try {
      // It gets a copy of each packet from there, for which it needs no room.
      setReceiveBuffer(fd, 0);
      if (local !== undefined) bindIp(fd, local, 0);
      connectIp(fd, address, 0);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  #close(address: string): void {
    const fd = this.#sockets.get(address);
    this.#sockets.delete(address);
    if (fd !== undefined) closeSync(fd);
  }
}
