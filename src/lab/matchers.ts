import { converged, lease, noLoop, reach, reachWithin, seeFrame, type FrameMatch, type Verdict } from './checks.ts';
import type { PingOptions } from './lab-host-options.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { Span } from './span.ts';

/**
 * The checks as matchers, for `expect.extend(matchers)` of vitest and jest. All are asynchronous: `await expect(a).toReach(b)`; with `.not`
 * they assert the opposite. See `LabMatchers` for their types.
 */
export const matchers = {
  toReach: reach,
  toReachWithin: reachWithin,
  notToReach,
  toHaveLease: lease,
  toSeeFrame: seeFrame,
  toHaveNoLoop: noLoop,
  toHaveConverged: converged,
};

/**
 * The types of the matchers, to be added to those of the test runner, once:
 *
 *   declare module 'vitest' { interface Matchers<T> extends LabMatchers<Promise<void>> {} }
 *   declare module 'expect' { interface Matchers<R> extends LabMatchers<Promise<void>> {} }
 */
export interface LabMatchers<Result = Promise<void>> {
  /** Asserts that a host's ping is answered. */
  toReach(to: PingTarget, options?: PingOptions): Result;
  /** Asserts that a host's ping is answered within that time. */
  toReachWithin(to: PingTarget, span: Span, options?: PingOptions): Result;
  /** Asserts that a host's ping is not answered. */
  notToReach(to: PingTarget, options?: PingOptions): Result;
  /** Asserts that a host gets a lease, within a minute unless another time is given. */
  toHaveLease(patience?: Span): Result;
  /** Asserts that a station has received such a frame, or does within a second unless another time is given. */
  toSeeFrame(match: FrameMatch, patience?: Span): Result;
  /** Asserts that frames of a network have not circulated in a loop, and cannot. */
  toHaveNoLoop(): Result;
  /** Asserts that a network's spanning trees come to rest, within two minutes unless another time is given, and are trees. */
  toHaveConverged(patience?: Span): Result;
}

async function notToReach(from: LabHost, to: PingTarget, options?: PingOptions): Promise<Verdict> {
  const { pass, message } = await reach(from, to, options);
  return { pass: !pass, message };
}
