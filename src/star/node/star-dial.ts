import type { PortEnvironment } from '../../ports/environment.ts';
import type { Dialled } from '../../ports/stream/dialled.ts';
import type { Dial, DialTarget } from '../channel.ts';
import type { Fingerprint } from '../fingerprint.ts';
import { dialFailure, dialMaster, type DialMeans, type Reached } from './dial-master.ts';
import { ForeignMasterError } from './foreign-masters.ts';
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
    const open = ({ channel, pin }: Reached): void => {
      if (attempt.signal.aborted) {
        channel[Symbol.dispose]();
        return;
      }
      keepThroughLosses(channel, means.silence);
      line = new LineChannel(channel, means.environment);
      events.opened(line, pin);
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
      if (!attempt.signal.aborted) events.closed(dialFailure(error), error instanceof ForeignMasterError);
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
  /** Takes the pin that a master has proven. Returns false if it does not count any more. Default: all count. */
  readonly proven?: (pin: Fingerprint | undefined) => boolean;
}

/**
 * Returns the far end of a slave's link, for a StreamDialer that awaits a greeting:
 *
 *     new StreamDialer(linkToMaster({ name, targets: () => engine.linkTargets }, means), { module: 'tls', framing: vdeFraming, awaitsGreeting: true }, environment)
 *
 * The addresses are tried in order, each with its own pin. A target with a pin is never dialled in plain octets.
 */
export function linkToMaster({ name, targets, proven = () => true }: LinkTargets, means: Omit<DialMeans, 'environment'>): Dialled {
  return {
    name,
    open: async (environment: PortEnvironment, signal: AbortSignal) => {
      const failures: unknown[] = [];
      for (const target of targets()) {
        try {
          const { channel, pin } = await dialMaster(target, starProtocols.link, { ...means, environment }, signal);
          if (proven(pin)) return channel;
          channel[Symbol.dispose]();
          failures.push(new Error('the master has a new key'));
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
