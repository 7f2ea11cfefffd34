import type { Benchmark, Case } from '../harness/benchmark.ts';
import { startGroup } from '../harness/group.ts';
import { runLoad, sampleOf, smallFrame } from '../harness/load.ts';

/** Fewer than any queue on the way holds, so that nothing is lost for want of room. */
const window = 200;
const fullFrame = 1514;

/** Seconds of traffic in which a shortcut opens for certain. */
const opening = 4;

/** The gain of a shortcut between two slaves of one machine. */
export const shortcut: Benchmark = {
  name: 'shortcut',
  work: 'two slaves of one group on the loopback, a station at each',
  peer: 'the same slaves with --no-shortcuts, by the master',
  needs: [],
  peerNeeds: [],
  cases: [roundTrip(), traffic(fullFrame), traffic(smallFrame)],
};

/** The processor time is that of the master alone. */
function roundTrip(): Case {
  return {
    name: 'round trip; the CPU is that of the master',
    ratioGoals: { p50: { want: 'at-most', goal: 0.5 }, pingProcessor: { want: 'at-most', goal: 0.05 } },
    async run(side, workplace, options) {
      const group = await startGroup(workplace, { shortcuts: side === 'ours' });
      const load = { stations: group.stations, processes: [group.master], seconds: 0, pingSeconds: options.seconds };
      const result = await runLoad(load, workplace, { ...options, warmup: opening });
      checkWay(side === 'ours', group.direct());
      return sampleOf(result);
    },
  };
}

/** The processor time is that of both slaves and the master. */
function traffic(frameSize: number): Case {
  return {
    name: `frames of ${frameSize} octets, at most ${window} under way; the CPU is that of the slaves and the master`,
    async run(side, workplace, options) {
      const group = await startGroup(workplace, { shortcuts: side === 'ours' });
      const load = { stations: group.stations, processes: [group.master, ...group.slaves], frameSize, window };
      const result = await runLoad(load, workplace, { ...options, warmup: opening });
      checkWay(side === 'ours', group.direct());
      return sampleOf(result);
    },
  };
}

/** Throws if the frames did not take the way that is measured. */
function checkWay(isDirect: boolean, frames: number): void {
  if (isDirect !== frames > 1000) throw new Error(`${frames} frames went by a shortcut; is a LAN address of this machine blocked?`);
}
