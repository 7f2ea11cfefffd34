import { closeSync } from 'node:fs';
import { describe, it } from 'vitest';
import { loadRawSocket } from '../../src/ports/overlay/raw-socket.ts';
import { openRawIp, type RawIpOptions } from '../../src/ports/overlay/raw-ip.ts';
import type { OverlayPort } from '../../src/ports/overlay/overlay-port.ts';
import type { IpFamily } from '../../src/system/ip-address.ts';
import { rawSocket } from '../../src/system/ip-socket.ts';
import { destination } from '../../src/system/packets.ts';
import { concatOctets } from '../../src/wire/octets.ts';
import { conforms } from './conformance.ts';
import type { Rig } from './rig.ts';
import { addresses, type TwoNetworks } from './two-networks.ts';

/** The part of a port's options that tests choose. */
export type Tunnel = Pick<RawIpOptions, 'protocol' | 'encapsulation' | 'fragmentation'>;

/** Two ports of a tunnel. */
export interface Pair {
  readonly port: OverlayPort;
  readonly far: OverlayPort;
  /** Sends a packet from the far end: octets behind the header of IP. */
  readonly inject: (payload: Uint8Array) => void;
  /** The socket of `inject`. */
  readonly fd: number;
  /** Closes the socket of `inject`. */
  readonly rest: AsyncDisposable;
}

/** The tunnels of the two ports, and the kind of the near one's socket. */
export interface PairOptions {
  readonly near: Tunnel;
  /** Default: as near. */
  readonly far?: Tunnel;
  readonly byPackage?: boolean;
}

/** Opens a port in the near network, of one kind of socket, and one by descriptors in the far network. */
export async function openPair(rig: Rig, networks: TwoNetworks, family: IpFamily, options: PairOptions): Promise<Pair> {
  const { near, far: other = near, byPackage = false } = options;
  const at = addresses[family];
  const port = await openRawIp({ ...near, name: at.far, hosts: [at.far], byPackage }, rig.environment);
  // Its local address gives it a socket of its own.
  const [far, fd] = await networks.inFar(async () => [
    await openRawIp({ ...other, name: at.near, hosts: [at.near], local: at.far }, rig.environment),
    rawSocket(family, near.protocol.number),
  ]);
  const to = destination(at.near, 0);
  const inject = (frame: Uint8Array): void => void rig.environment.loop.packetBatch.send(fd, [{ frame, to }], 0);
  const rest = {
    [Symbol.asyncDispose]: () => {
      closeSync(fd);
      return Promise.resolve();
    },
  };
  return { port, far, inject, fd, rest };
}

/** Runs the common suite for a tunnel, over both versions of IP and by both kinds of sockets. */
export function conformsOverIp(networks: TwoNetworks, name: string, tunnel: Tunnel): void {
  describeKinds('by', (byPackage) => {
    for (const family of [4, 6] as const) {
      conforms({
        name: `${name} over IPv${family}`,
        injects: true,
        stalls: false,
        farGone: 'nothing',
        underWay: 2 ** 16,
        async open(rig) {
          const { inject, ...ends } = await openPair(rig, networks, family, { near: tunnel, byPackage });
          return { ...ends, inject: (octets) => inject(concatOctets(tunnel.encapsulation.header, octets)) };
        },
      });
    }
  });
}

/** Defines tests for both kinds of sockets. Where the package is not built one is skipped, with the reason; in CI they fail. */
export function describeKinds(what: string, define: (byPackage: boolean) => void): void {
  describe(`${what} descriptors`, () => define(false));
  describe(`${what} the package raw-socket`, () => withPackage(() => define(true)));
}

/** Defines tests that need the package; instead of them one that is skipped, with the reason, where it is not built. In CI they fail. */
export function withPackage(define: () => void): void {
  const reason = process.env['CI'] === undefined ? flawOfPackage() : undefined;
  if (reason === undefined) define();
  else it('is there', (context) => context.skip(reason));
}

function flawOfPackage(): string | undefined {
  try {
    loadRawSocket();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
