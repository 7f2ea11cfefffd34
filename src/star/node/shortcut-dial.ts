import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Timer } from '../../clock.ts';
import { EtherloomError, SystemError } from '../../errors.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { isLoopback } from '../../ports/exposure.ts';
import { checkHost } from '../../ports/host-address.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import { addressOfKey, keyOf } from '../../system/ip-address.ts';
import type { Fingerprint } from '../fingerprint.ts';
import type { NodeId } from '../identity.ts';
import { parsePlace } from '../line.ts';
import { shortcutAlpn } from '../shortcut-context.ts';
import { dialFailure, dialMaster } from './dial-master.ts';
import { ForeignMasterError } from './foreign-masters.ts';
import type { Security } from './handshake.ts';
import type { Interfaces } from './own-places.ts';

/** The member that is dialled. */
export interface ShortcutTarget {
  readonly id: NodeId;
  readonly key: Fingerprint;
  /** `HOST:PORT` each, as the member told the master. */
  readonly addresses: readonly string[];
}

/** The means of a slave that dials another. */
export interface ShortcutMeans {
  readonly security: Pick<Security, 'connect'>;
  readonly environment: PortEnvironment;
  /** True if this host itself has no address but that of loopback: the other is on it, too. */
  readonly onLoopback: boolean;
}

/** A connection to another slave. */
export interface ReachedMember {
  readonly channel: ByteChannel;
  readonly address: string;
}

/** The time that an address has before the next one is tried beside it, in milliseconds. */
const headStart = 250;

/**
 * Dials a member at its addresses, in order and soon side by side. Resolves to the first connection on which it has proven its key, and ends the others.
 * Rejects with EtherloomError `refused` that has the failure of each address; also when `signal` is aborted.
 */
export function dialMember({ id, key, addresses }: ShortcutTarget, means: ShortcutMeans, signal: AbortSignal): Promise<ReachedMember> {
  const { security, environment, onLoopback } = means;
  const waiting = addresses.filter((address) => mayDial(address, onLoopback));
  const attempts = new AbortController();
  const failures: string[] = [];
  let running = 0;
  let timer: Timer | undefined;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer?.[Symbol.dispose]();
      signal.removeEventListener('abort', fail);
      attempts.abort();
    };
    const fail = (): void => {
      settle();
      reject(signal.aborted ? new SystemError('ECONNABORTED', 'cannot dial a slave') : unreachable(id, failures));
    };
    const open = (channel: ByteChannel, address: string): void => {
      if (attempts.signal.aborted) {
        channel[Symbol.dispose]();
        return;
      }
      settle();
      resolve({ channel, address });
    };
    const next = (): void => {
      timer?.[Symbol.dispose]();
      const address = waiting.shift();
      if (address === undefined) {
        if (running === 0) fail();
        return;
      }
      running += 1;
      timer = environment.clock.after(headStart, next);
      const target = { address, pin: key, identity: 'current' } as const;
      dialMaster(target, shortcutAlpn, { security: () => security, environment }, attempts.signal).then(
        ({ channel }) => open(channel, address),
        (error: unknown) => {
          running -= 1;
          failures.push(`${address}: ${failureOf(error)}`);
          if (!attempts.signal.aborted) next();
        },
      );
    };
    signal.addEventListener('abort', fail);
    if (signal.aborted) fail();
    else next();
  });
}

/** The first port that any user may listen at. */
const firstOpenPort = 1024;

/**
 * Returns whether an address that another member told may be dialled: that of one host, without a name to look up, and no service on the loopback of
 * this host. Another slave of this host may be dialled at its other addresses, but none of the services that only root starts.
 */
export function mayDial(address: string, onLoopback: boolean, interfaces: Interfaces = networkInterfaces()): boolean {
  const place = parsePlace(address);
  if (typeof place === 'string' || isIP(place.host) === 0 || place.host.includes('%')) return false;
  try {
    checkHost(place.host);
  } catch {
    return false;
  }
  if (onLoopback) return true;
  const host = canonical(place.host);
  if (isLoopback(host)) return false;
  return place.port >= firstOpenPort || !isOwn(host, interfaces);
}

function isOwn(host: string, interfaces: Interfaces): boolean {
  return Object.values(interfaces).some((all) => all?.some(({ address }) => canonical(address) === host));
}

/** Returns an address as it is written usually. */
function canonical(address: string): string {
  return addressOfKey(keyOf(address.split('%')[0] ?? ''));
}

function failureOf(error: unknown): string {
  return error instanceof ForeignMasterError ? 'another host answers there' : dialFailure(error);
}

function unreachable(id: NodeId, failures: readonly string[]): EtherloomError {
  const reason = failures.length === 0 ? 'it has told no address that can be dialled' : failures.join('; ');
  return new EtherloomError(
    'refused',
    `slave ${id} cannot be reached directly: ${reason}; let the --shortcut-port of that slave through the firewalls between`,
  );
}
