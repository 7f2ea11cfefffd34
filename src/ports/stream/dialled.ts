import { closeSync } from 'node:fs';
import { SystemError } from '../../errors.ts';
import { answersItself } from '../../system/socket-name.ts';
import { connectError } from '../../system/stream-socket.ts';
import type { Fd } from '../../system/unix-socket.ts';
import type { PortEnvironment } from '../environment.ts';
import type { ByteChannel } from './byte-channel.ts';
import { FdChannel } from './fd-channel.ts';
import { tcpUserTimeout, type StreamEndpoint } from './stream-endpoint.ts';

/** A far end that can be dialled, by whatever way octets reach it: plain, or secured. */
export interface Dialled {
  /** The name, as its user would write it. */
  readonly name: string;
  /**
   * Returns an open channel to it, which belongs to the caller. Rejects with an error that says why there is none, also when `signal` is
   * aborted.
   */
  open(environment: PortEnvironment, signal: AbortSignal): Promise<ByteChannel>;
}

/** Returns an endpoint that is dialled in plain octets. */
export function plainly(endpoint: StreamEndpoint): Dialled {
  return {
    name: endpoint.name,
    open: async (environment, signal) => FdChannel.onSocket(await connected(await endpoint.connect(), environment, signal), environment),
  };
}

/**
 * Waits until a pending connection is open, and returns it. Closes it and rejects if it fails, or takes longer than `limit` milliseconds, or if
 * `signal` is aborted, with a SystemError (ECONNREFUSED, ETIMEDOUT, ECONNABORTED).
 */
export function connected(fd: Fd, { loop, clock }: PortEnvironment, signal: AbortSignal, limit = tcpUserTimeout): Promise<Fd> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      watch[Symbol.dispose]();
      timeout[Symbol.dispose]();
      signal.removeEventListener('abort', aborted);
      if (!error) {
        resolve(fd);
        return;
      }
      closeSync(fd);
      reject(error);
    };
    const aborted = (): void => settle(new SystemError('ECONNABORTED', failure));
    const watch = loop.readiness.watch(fd, { readable: false, writable: true }, () => settle(failureOf(fd)));
    const timeout = clock.after(limit, () => settle(new SystemError('ETIMEDOUT', failure)));
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
  });
}

const failure = 'cannot connect to a far end';

function failureOf(fd: Fd): Error | undefined {
  const errno = connectError(fd);
  if (errno !== undefined) return new SystemError(errno, failure);
  // If no process listens there, the system may choose the very port that is dialled. The connection then answers itself.
  return answersItself(fd) ? new SystemError('ECONNREFUSED', failure) : undefined;
}
