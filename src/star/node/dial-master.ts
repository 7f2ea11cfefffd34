import { closeSync } from 'node:fs';
import { EtherloomError, reasonOf, SystemError } from '../../errors.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import { connected } from '../../ports/stream/dialled.ts';
import { FdChannel } from '../../ports/stream/fd-channel.ts';
import { tcpUserTimeout } from '../../ports/stream/stream-endpoint.ts';
import { resolveHost } from '../../ports/tcp-address.ts';
import { closeAfterReading, connectTcp, tcpSocket } from '../../system/tcp-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { DialTarget } from '../channel.ts';
import type { Fingerprint } from '../fingerprint.ts';
import { parsePlace } from '../line.ts';
import { ForeignMasterError, type ForeignMasters } from './foreign-masters.ts';
import type { Established, Handshake, Security, StarProtocol } from './handshake.ts';

/** The means of a dialling node. */
export interface DialMeans {
  /** Returns the maker of handshakes with one of this node's keys. Throws EtherloomError if there is no such key. */
  readonly security: (identity: DialTarget['identity']) => Pick<Security, 'connect'>;
  readonly environment: PortEnvironment;
  /** The addresses at which another key was proven: they are dialled at most once a minute. Default: all are dialled. */
  readonly foreign?: ForeignMasters | undefined;
  /** How long a far end may acknowledge nothing before it counts as dead, in milliseconds. Default: 2,200. */
  readonly deadAfter?: number | undefined;
}

/** How long a handshake may take, in milliseconds. */
const handshakeLimit = 5000;

/** A connection to a master. */
export interface Reached {
  readonly channel: ByteChannel;
  /** The pin that it has proven; undefined for a plain connection. */
  readonly pin: Fingerprint | undefined;
}

/**
 * Dials a master, and returns the connection. With a pin, the far end has proven that key, or the next one, before this resolves, and before any
 * octet is sent inside TLS; without one, the connection is plain. Rejects with EtherloomError `refused` or a SystemError that says why, a
 * ForeignMasterError if another key was proven; also when `signal` is aborted.
 */
export async function dialMaster(target: DialTarget, protocol: StarProtocol, means: DialMeans, signal: AbortSignal): Promise<Reached> {
  const { environment, foreign } = means;
  foreign?.check(target);
  const { security, fd } = await connect(target, means, signal);
  if (!security) return { channel: FdChannel.onSocket(fd, environment), pin: undefined };
  const { fingerprint, channel } = await shake(security.connect(fd, protocol), fd, environment, signal);
  if (fingerprint === target.pin || fingerprint === target.nextPin) return { channel, pin: fingerprint };
  channel[Symbol.dispose]();
  const error = new ForeignMasterError(target, fingerprint);
  foreign?.note(target, error);
  throw error;
}

async function connect(
  { address, pin, identity }: DialTarget,
  { security, environment, deadAfter = tcpUserTimeout }: DialMeans,
  signal: AbortSignal,
): Promise<{ readonly security: Pick<Security, 'connect'> | undefined; readonly fd: Fd }> {
  const place = parsePlace(address);
  if (typeof place === 'string') throw new EtherloomError('bad-address', `cannot dial ${address}: ${place}; check the address`);
  // Before a connection is made, since it may throw.
  const own = pin === undefined ? undefined : security(identity);
  const host = await resolveHost(place.host);
  const fd = tcpSocket(host, deadAfter);
  try {
    connectTcp(fd, host, place.port);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { security: own, fd: await connected(fd, environment, signal) };
}

/** Drives a handshake until it is done. Rejects, and closes the descriptor, if it fails, takes too long, or `signal` is aborted. */
function shake(handshake: Handshake, fd: Fd, { loop, clock }: PortEnvironment, signal: AbortSignal): Promise<Established> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      watch[Symbol.dispose]();
      timeout[Symbol.dispose]();
      signal.removeEventListener('abort', aborted);
    };
    const fail = (error: Error): void => {
      settle();
      handshake[Symbol.dispose]();
      closeAfterReading(fd);
      reject(error);
    };
    const step = (): void => {
      const state = handshake.step();
      if (state.is === 'waiting') watch.want({ readable: state.until === 'readable', writable: state.until === 'writable' });
      else if (state.is === 'failed') fail(noHandshake(state.reason));
      else {
        settle();
        resolve(state.established);
      }
    };
    const aborted = (): void => fail(new SystemError('ECONNABORTED', 'cannot make a handshake'));
    const watch = loop.readiness.watch(fd, { readable: false, writable: true }, step);
    const timeout = clock.after(handshakeLimit, () => fail(noHandshake(`it was not done after ${handshakeLimit / 1000} s`)));
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
  });
}

function noHandshake(reason: string): EtherloomError {
  return new EtherloomError('refused', `no secured connection: ${reason}; check the address, and the master there`);
}

/** Returns why a dial failed, for the log. */
export function dialFailure(error: unknown): string {
  return error instanceof SystemError || !(error instanceof EtherloomError) ? reasonOf(error) : error.message;
}
