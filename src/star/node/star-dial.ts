import type { PortEnvironment } from '../../ports/environment.ts';
import type { ByteChannel } from '../../ports/stream/byte-channel.ts';
import type { Dialled } from '../../ports/stream/dialled.ts';
import type { Dial, DialTarget } from '../channel.ts';
import { dialFailure, dialMaster, type DialMeans } from './dial-master.ts';
import { starProtocols } from './handshake.ts';
import { keepThroughLosses, LineChannel } from './line-channel.ts';

/**
 * Returns the dialling of control connections, for a slave's engine:
 *
 *     new SlaveEngine({ dial: dialControl({ security: (identity) => securities[identity], environment: plane.environment }), … })
 *
 * `silence` is how long the master may be silent, in milliseconds. Default: 5,000.
 */
export function dialControl(means: DialMeans & { readonly silence?: number | undefined }): Dial {
  return (target, events) => {
    const attempt = new AbortController();
    let line: LineChannel | undefined;
    const open = (channel: ByteChannel): void => {
      if (attempt.signal.aborted) {
        channel[Symbol.dispose]();
        return;
      }
      keepThroughLosses(channel, means.silence);
      line = new LineChannel(channel, means.environment);
      events.opened(line);
      // A disposed attempt calls nothing more.
      const unlessDisposed = (tell: () => void): void => {
        if (!attempt.signal.aborted) tell();
      };
      line.begin({
        heard: () => unlessDisposed(() => events.heard()),
        message: (message) => unlessDisposed(() => events.message(message)),
        closed: (reason) => unlessDisposed(() => events.closed(reason)),
      });
    };
    dialMaster(target, starProtocols.control, means, attempt.signal).then(open, (error: unknown) => {
      if (!attempt.signal.aborted) events.closed(dialFailure(error));
    });
    return {
      [Symbol.dispose]: () => {
        attempt.abort();
        line?.[Symbol.dispose]();
      },
    };
  };
}

/** The masters that a link may be made to. */
export interface LinkTargets {
  /** The name of the far end for people. */
  readonly name: string;
  /** Returns the masters' addresses in the order in which they are tried. Called for each attempt. */
  readonly targets: () => readonly DialTarget[];
}

/**
 * Returns the far end of a slave's link, for a StreamDialer that awaits a greeting:
 *
 *     new StreamDialer(linkToMaster({ name, targets: () => engine.linkTargets }, means), { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, environment)
 *
 * The addresses are tried in order, each with its own pin. A target with a pin is never dialled in plain octets.
 */
export function linkToMaster({ name, targets }: LinkTargets, means: Omit<DialMeans, 'environment'>): Dialled {
  return {
    name,
    open: async (environment: PortEnvironment, signal: AbortSignal) => {
      const failures: unknown[] = [];
      for (const target of targets()) {
        try {
          return await dialMaster(target, starProtocols.link, { ...means, environment }, signal);
        } catch (error) {
          failures.push(error);
          if (signal.aborted) break;
        }
      }
      throw failures.length === 1 ? failures[0] : new Error(failureText(failures));
    },
  };
}

function failureText(failures: readonly unknown[]): string {
  return failures.length === 0 ? 'no address of the master is known' : failures.map(dialFailure).join('; ');
}
