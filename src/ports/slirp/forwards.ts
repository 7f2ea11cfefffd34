import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EtherloomError, errnoOf, reasonOf } from '../../errors.ts';
import { hasSocket, holderOf, socketsAt } from '../../system/waiting-sockets.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { PortForward } from './slirp-address.ts';

/*
 * libslirp reports a port as forwarded even if it could not listen on it. So each port is tried before libslirp is started, and checked
 * when it runs.
 */

const anyAddress = '0.0.0.0';

/**
 * Binds each port of this machine for a moment. Throws EtherloomError('busy', 'not-permitted' or 'bad-option') for the first one that
 * fails.
 */
export async function checkForwards(forwards: readonly PortForward[]): Promise<void> {
  requireDistinct(forwards);
  for (const forward of forwards) {
    try {
      await (forward.protocol === 'tcp' ? tryTcp(forward) : tryUdp(forward));
    } catch (error) {
      throw explained(forward, error);
    }
  }
}

/** Throws EtherloomError('bad-option') for two forwards of one port, since libslirp would silently leave out the second. */
function requireDistinct(forwards: readonly PortForward[]): void {
  for (const [at, forward] of forwards.entries()) {
    const before = forwards.slice(0, at).find((one) => overlap(one, forward));
    if (!before) continue;
    throw new EtherloomError(
      'bad-option',
      `cannot forward ${textOf(forward)}: another forward has that port; give each forward a port of its own`,
    );
  }
}

function overlap(one: PortForward, other: PortForward): boolean {
  if (one.protocol !== other.protocol || one.port !== other.port) return false;
  return one.host === other.host || one.host === undefined || other.host === undefined;
}

async function tryTcp(forward: PortForward): Promise<void> {
  const server = createServer();
  server.listen({ host: hostOf(forward), port: forward.port });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

async function tryUdp(forward: PortForward): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind({ address: hostOf(forward), port: forward.port, exclusive: true });
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
}

/** Throws EtherloomError('busy') for the first forward that does not belong to the process. */
export function requireForwards(forwards: readonly PortForward[], pid: number): void {
  for (const forward of forwards) {
    const isOurs = socketsAt(forward.protocol, forward.port).some(
      ({ address, inode }) => address === hostOf(forward) && hasSocket(pid, inode),
    );
    if (!isOurs) throw taken(forward);
  }
}

function explained(forward: PortForward, error: unknown): EtherloomError {
  switch (errnoOf(error)) {
    case 'EADDRINUSE':
      return taken(forward);
    case 'EACCES':
      return new EtherloomError(
        'not-permitted',
        `cannot forward ${textOf(forward)}: permission denied for ports below 1024; choose a higher port, or run as root`,
      );
    case 'EADDRNOTAVAIL':
      return new EtherloomError(
        'bad-option',
        `cannot forward ${textOf(forward)}: this machine does not have that address; choose one of its own, or 127.0.0.1`,
      );
    default:
      return new EtherloomError('system', `cannot forward ${textOf(forward)}: ${reasonOf(error)}; choose another port`);
  }
}

function taken(forward: PortForward): EtherloomError {
  const overlapping = socketsAt(forward.protocol, forward.port).filter(
    ({ address }) => [hostOf(forward), anyAddress, '*'].includes(address) || hostOf(forward) === anyAddress,
  );
  const holder = overlapping.map(({ inode }) => holderOf(inode)).find((one) => one !== undefined);
  const by = holder ? `${holder.name} (pid ${holder.pid})` : 'another process';
  return new EtherloomError('busy', `cannot forward ${textOf(forward)}: ${by} has that port; choose another port, or stop that process`);
}

function hostOf({ host }: PortForward): string {
  return host === undefined ? anyAddress : formatIpv4(host);
}

function textOf(forward: PortForward): string {
  return `${forward.protocol === 'udp' ? 'udp:' : ''}${hostOf(forward)}:${forward.port}`;
}
