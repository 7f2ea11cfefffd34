import { converged, lease, noLoop, reach, reachWithin, seeFrame, type FrameMatch, type Verdict } from './checks.ts';
import type { LabHost, PingOptions, PingTarget } from './lab-host.ts';
import type { LabStation } from './lab-station.ts';
import type { Network } from './network.ts';
import type { Span } from './span.ts';

/** What matchers of vitest and jest return. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * The checks as matchers, for `expect.extend(matchers)` of vitest and jest. All are asynchronous: `await expect(a).toReach(b)`; with `.not`
 * they assert the opposite. See `LabMatchers` for their types.
 */
export const matchers = {
  toReach: async (from: LabHost, to: PingTarget, options?: PingOptions) => result(await reach(from, to, options)),
  toReachWithin: async (from: LabHost, to: PingTarget, span: Span, options?: PingOptions) =>
    result(await reachWithin(from, to, span, options)),
  notToReach: async (from: LabHost, to: PingTarget, options?: PingOptions) => opposite(await reach(from, to, options)),
  toHaveLease: async (host: LabHost, patience?: Span) => result(await lease(host, patience)),
  toSeeFrame: async (station: LabStation, match: FrameMatch, patience?: Span) => result(await seeFrame(station, match, patience)),
  toHaveNoLoop: async (net: Network) => result(await noLoop(net)),
  toHaveConverged: async (net: Network, patience?: Span) => result(await converged(net, patience)),
};

/**
 * The types of the matchers, to be added to those of the test runner, once:
 *
 *   declare module 'vitest' { interface Matchers<T> extends LabMatchers<Promise<void>> {} }
 *   declare module 'expect' { interface Matchers<R> extends LabMatchers<Promise<void>> {} }
 */
export interface LabMatchers<Result = Promise<void>> {
  /** A host's ping is answered. */
  toReach(to: PingTarget, options?: PingOptions): Result;
  /** A host's ping is answered within that time. */
  toReachWithin(to: PingTarget, span: Span, options?: PingOptions): Result;
  /** A host's ping is not answered. */
  notToReach(to: PingTarget, options?: PingOptions): Result;
  /** A host gets a lease, within a minute unless another time is given. */
  toHaveLease(patience?: Span): Result;
  /** A station has received such a frame, or does within a second unless another time is given. */
  toSeeFrame(match: FrameMatch, patience?: Span): Result;
  /** In a network no frame has gone in a circle, and none could. */
  toHaveNoLoop(): Result;
  /** A network's spanning trees come to rest, within two minutes unless another time is given, and are trees. */
  toHaveConverged(patience?: Span): Result;
}

function result({ pass, message }: Verdict): MatcherResult {
  return { pass, message: () => message };
}

function opposite({ pass, message }: Verdict): MatcherResult {
  return { pass: !pass, message: () => message };
}
