import type { LoadReport, PortReport, SwitchReport } from './spec.ts';

/** By how much memory may have grown between two moments of rest, in octets: not by what runs, but by what the first moment had yet to see. */
const tolerance = { resident: 16 * 2 ** 20, heap: 2 * 2 ** 20, buffers: 8 * 2 ** 20 } as const;

/** A switch's name, and what it said. */
export type Named = readonly [name: string, report: SwitchReport];

/**
 * Returns the sums that do not add up at rest, in words: each frame was sent or dropped and counted, nothing waits, and the stations agree.
 */
export function sumFaults([name, { ports, waiting }]: Named, { stations }: LoadReport): string[] {
  const faults = waiting === 0 ? [] : [`${name}: ${waiting} octets still wait`];
  for (const port of ports) {
    const { number, description, received, sent, given } = port;
    const what = `${name}, port ${number} (${description})`;
    const done = sent + droppedBy(port);
    if (given !== done) faults.push(`${what}: ${given} frames were to be sent, and ${done} were sent or dropped`);
    const station = stations[description];
    if (!station) continue;
    if (station.sent !== received) faults.push(`${what}: ${station.sent} frames were sent to it, and ${received} came in`);
    if (station.heard !== sent) faults.push(`${what}: ${sent} frames left, and ${station.heard} were heard`);
  }
  return faults;
}

/** Returns the sums that do not add up between the two ends of a link, in words. */
export function linkFaults(near: SwitchReport, far: SwitchReport): string[] {
  const [here, there] = [near, far].map(({ ports }) => ports.find(({ module }) => module === 'tcp' || module === 'tls'));
  if (!here || !there) return ['the link is gone'];
  const ways = [
    [here.sent, there.received],
    [there.sent, here.received],
  ] as const;
  return ways.filter(([sent, received]) => sent !== received).map(([sent, received]) => `of ${sent} frames ${received} came over the link`);
}

/** Returns what has grown between two moments of rest with the same ports, in words. */
export function growthFaults([name, before]: Named, after: SwitchReport): string[] {
  const faults: string[] = [];
  for (const [what, most] of Object.entries(tolerance) as [keyof typeof tolerance, number][]) {
    const growth = after.memory[what] - before.memory[what];
    if (growth > most) faults.push(`${name}: ${what} memory grew by ${growth} octets`);
  }
  if (after.ports.length !== before.ports.length) faults.push(`${name}: ${before.ports.length} ports became ${after.ports.length}`);
  if (after.descriptors > before.descriptors) faults.push(`${name}: ${before.descriptors} descriptors became ${after.descriptors}`);
  return faults;
}

/** Returns how many frames a port dropped. */
export function droppedBy({ drops }: PortReport): number {
  return Object.values(drops).reduce((sum, count) => sum + count, 0);
}

/** Notices what has stopped. */
export class Watchdog {
  readonly #last = new Map<string, { readonly count: number; readonly at: number }>();
  readonly #patience: number;

  /** A counter that has not moved for `patience` milliseconds has stopped. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Is told how often each has come round by `now`, in milliseconds; returns what has stopped, in words. */
  look(progress: Readonly<Record<string, number>>, now: number): string[] {
    const faults: string[] = [];
    for (const [name, count] of Object.entries(progress)) {
      const last = this.#last.get(name);
      if (last?.count !== count) this.#last.set(name, { count, at: now });
      else if (now - last.at >= this.#patience)
        faults.push(`${name} has stopped at ${count}, ${((now - last.at) / 1000).toFixed(0)} s ago`);
    }
    return faults;
  }

  /** All are taken to have moved just now. */
  rest(): void {
    this.#last.clear();
  }
}
