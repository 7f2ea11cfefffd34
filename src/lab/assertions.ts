import { converged, lease, noLoop, reach, reachWithin, seeFrame, type FrameMatch, type Verdict } from './checks.ts';
import type { PingOptions } from './lab-host-options.ts';
import type { LabHost, PingTarget } from './lab-host.ts';
import type { LabStation } from './lab-station.ts';
import type { Network } from './network.ts';
import type { Span } from './span.ts';

/*
 * The checks as plain functions, for node:test, tap and other runners without matchers. Each lets time pass like the matcher of the same name, and
 * throws LabAssertionError if its assertion fails.
 */

/** The error of an assertion; its message tells the fate of the frames. Test runners recognise it by its name and code. */
export class LabAssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
}

/**
 * Asserts that the echo of a ping comes back.
 *
 * @example
 * ```ts
 * import { assertReaches, lab } from 'etherloom/lab';
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * await assertReaches(net.host('a', s1), net.host('b', s1), { size: 1472, dontFragment: true });
 * ```
 */
export async function assertReaches(from: LabHost, to: PingTarget, options?: PingOptions): Promise<void> {
  so(await reach(from, to, options));
}

/** Asserts that the echo of a ping comes back within that time. */
export async function assertReachesWithin(from: LabHost, to: PingTarget, span: Span, options?: PingOptions): Promise<void> {
  so(await reachWithin(from, to, span, options));
}

/**
 * Asserts that the echo of a ping does not come back.
 *
 * @example
 * ```ts
 * import { assertDoesNotReach, lab } from 'etherloom/lab';
 *
 * using net = lab();
 * const s1 = net.switch('s1', { vlans: [5, 6] });
 * await assertDoesNotReach(net.host('a', s1, { vlan: 5 }), net.host('b', s1, { vlan: 6 }));
 * ```
 */
export async function assertDoesNotReach(from: LabHost, to: PingTarget, options?: PingOptions): Promise<void> {
  notSo(await reach(from, to, options));
}

/**
 * Asserts that a host gets a lease within a minute, or the given time.
 *
 * @example
 * ```ts
 * import { assertHasLease, lab } from 'etherloom/lab';
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * net.dhcp(s1);
 * await assertHasLease(net.host('a', s1, { dhcp: true }), { seconds: 10 });
 * ```
 */
export async function assertHasLease(host: LabHost, patience?: Span): Promise<void> {
  so(await lease(host, patience));
}

/**
 * Asserts that a station has received such a frame, or does within a second, or the given time.
 *
 * @example
 * ```ts
 * import { assertSeesFrame, lab } from 'etherloom/lab';
 *
 * using net = lab();
 * const s1 = net.switch('s1');
 * const [listener, a] = [net.station('listener', s1), net.host('a', s1)];
 * a.startPing('10.0.0.9', () => undefined);
 * await assertSeesFrame(listener, 'ARP, who has 10.0.0.9?');
 * ```
 */
export async function assertSeesFrame(station: LabStation, match: FrameMatch, patience?: Span): Promise<void> {
  so(await seeFrame(station, match, patience));
}

/** Asserts that a station has received no such frame, and does not within a second, or the given time. */
export async function assertSeesNoFrame(station: LabStation, match: FrameMatch, patience?: Span): Promise<void> {
  notSo(await seeFrame(station, match, patience));
}

/** Asserts that frames have not circulated in a loop, and cannot. */
export async function assertHasNoLoop(net: Network): Promise<void> {
  so(await noLoop(net));
}

/**
 * Asserts that the spanning trees come to rest within two minutes, or the given time, and are trees.
 *
 * @example
 * ```ts
 * import { assertHasConverged, assertHasNoLoop, lab } from 'etherloom/lab';
 *
 * using net = lab();
 * net.ring(5);
 * await assertHasConverged(net, { seconds: 30 });
 * await assertHasNoLoop(net);
 * ```
 */
export async function assertHasConverged(net: Network, patience?: Span): Promise<void> {
  so(await converged(net, patience));
}

function so({ pass, message }: Verdict): void {
  if (!pass) throw new LabAssertionError(message());
}

function notSo({ pass, message }: Verdict): void {
  if (pass) throw new LabAssertionError(message());
}
