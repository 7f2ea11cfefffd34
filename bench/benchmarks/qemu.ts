import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { guestNeeds, startGuests, type BenchGuest, type GuestPair, type NetdevKind } from '../harness/guests.ts';
import { processorTime, residentMemory } from '../load/processor-time.ts';

const port = 5001;

/** Seconds until the connection runs at its pace. */
const settling = 2;

/** One TCP connection between two guests: busybox's nc, which is all that they have. */
export const qemu: Benchmark = {
  name: 'qemu',
  work: 'a TCP stream between two QEMU guests (translated, nc of busybox); octets that reach the card of the one',
  peer: 'the same through vde_switch',
  needs: guestNeeds,
  peerNeeds: ['vde_switch'],
  cases: [
    { ...guestCase('vde'), ratioGoals: { megabits: { want: 'at-least', goal: 1 } } },
    { ...guestCase('dgram'), oursOnly: true },
    { ...guestCase('stream'), oursOnly: true },
  ],
};

function guestCase(kind: NetdevKind): Case {
  return {
    name: `-netdev ${kind}`,
    run: async (side, workplace, options) => stream(await startGuests(side, workplace, kind), options),
  };
}

async function stream({ switchProcess: { pid }, first, second }: GuestPair, { seconds }: RunOptions): Promise<Sample> {
  first.console.write(`sleep 3600 | nc -l -p ${port} > /dev/null &\necho LISTENING\n`);
  await first.console.line(/^LISTENING/);
  second.console.write(`(until nc ${first.address} ${port} < /dev/zero; do :; done) &\n`);
  await delay(settling * 1000);
  const before = await look(first, pid, 'BEFORE');
  await delay(seconds * 1000);
  const after = await look(first, pid, 'AFTER');
  const octets = after.octets - before.octets;
  if (octets === 0) throw new Error(`no octet got from guest to guest; they said:\n${first.console.said}\n${second.console.said}`);
  const measured = (after.time - before.time) / 1000;
  const processor = (after.processor - before.processor) / 1e9;
  return {
    megabits: (octets * 8) / measured / 1e6,
    megabitsPerProcessorSecond: (octets * 8) / processor / 1e6,
    processorShare: (100 * processor) / measured,
    memory: residentMemory(pid) / 2 ** 20,
  };
}

/** Returns the octets that the guest's card has received by now. */
async function look({ console }: BenchGuest, pid: number, mark: string): Promise<{ time: number; processor: number; octets: number }> {
  console.write(`echo ${mark} $(cat /sys/class/net/e*/statistics/rx_bytes)\n`);
  const [, octets] = await console.line(new RegExp(`^${mark} (\\d+)`));
  return { time: performance.now(), processor: processorTime(pid), octets: Number(octets) };
}
