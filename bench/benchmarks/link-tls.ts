import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Case, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import type { Goal } from '../harness/goals.ts';
import { runLoad, sampleOf, smallFrame } from '../harness/load.ts';
import { reasonWithoutNamespaces } from '../harness/namespace.ts';
import { missingPrograms } from '../harness/programs.ts';
import { startLink, startLinkOfCards, startSsh, startTinc, type Secured } from '../harness/secured.ts';
import { Workplace } from '../harness/workplace.ts';

/** Fewer than any queue on the way holds, so that nothing is lost for want of room. */
const window = 200;
const fullFrame = 1514;

const cheap = (goal: number, floor: number): Goal => ({ want: 'at-least', goal, floor });

/** The cost of the encryption of a link, beside others that encrypt. */
export const linkTls: Benchmark = {
  name: 'link-tls',
  work: 'two switches joined by a secured link on the loopback, a station at each; the CPU is that of the whole chain',
  peer: 'the plain link, tinc, two vde_switch joined through ssh, or the TLS of Node',
  needs: [],
  peerNeeds: [],
  cases: [
    ...[fullFrame, smallFrame].flatMap((frameSize) =>
      [undefined, window].map((frames) => besidePlain(frameSize, frames, frameSize === fullFrame ? cheap(0.6, 0.5) : cheap(0.85, 0.75))),
    ),
    roundTrip(),
    stepAlone(),
    ...[fullFrame, smallFrame].flatMap((frameSize) => [besideTinc(frameSize), besideSsh(frameSize)]),
  ],
};

function besidePlain(frameSize: number, frames: number | undefined, goal: Goal): Case {
  const load = frames === undefined ? 'as many as the first switch takes' : `at most ${frames} frames under way`;
  return {
    name: `beside the plain link: ${frameSize} octets, ${load}`,
    ratioGoals: { perProcessorSecond: goal },
    run: async (side, workplace, options) =>
      measure(await startLink(side === 'ours' ? 'secured' : 'plain', workplace), { frameSize, frames, workplace, options }),
  };
}

/** Both ways one after the other, since the goal is a difference. */
function roundTrip(): Case {
  return {
    name: 'round trip beside the plain link',
    oursOnly: true,
    ownGoals: { addedRoundTrip: { want: 'at-most', goal: 10 } },
    async run(_side, { checkouts }, options) {
      const medians: number[] = [];
      for (const way of ['secured', 'plain'] as const) {
        await using workplace = new Workplace(checkouts);
        const { stations, processes } = await startLink(way, workplace);
        const result = await runLoad({ stations, processes, seconds: 0, pingSeconds: options.seconds }, workplace, options);
        medians.push(result.roundTrips?.p50 ?? NaN);
      }
      const [secured = NaN, plain = NaN] = medians;
      return { p50: secured, addedRoundTrip: secured - plain };
    },
  };
}

/** The processor time of TLS alone for 64 KiB, both ends: the whole, less that of the same without TLS. */
function stepAlone(): Case {
  return {
    name: 'TLS alone for 64 KiB, beside the TLS of Node',
    ratioGoals: { stepProcessor: { want: 'at-most', goal: 0.5 } },
    run: (side, _workplace, { seconds }) => {
      const [plain, tls] = (side === 'ours' ? ['plain', 'tls'] : ['node-plain', 'node-tls']).map((way) => timeOf(way, seconds / 2));
      return Promise.resolve({ stepProcessor: (tls ?? NaN) - (plain ?? NaN) });
    },
  };
}

function timeOf(way: string, seconds: number): number {
  const program = fileURLToPath(new URL('../tls-step/main.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, way, String(seconds)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

function besideTinc(frameSize: number): Case {
  return {
    name: `beside tinc: ${frameSize} octets, at most ${window} frames under way`,
    ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 3 } },
    peerMissing: () => lacking(['tincd', 'ip', 'nsenter']) ?? reasonWithoutNamespaces(),
    run: async (side, workplace, options) =>
      measure(await (side === 'ours' ? startLinkOfCards(workplace) : startTinc(workplace)), {
        frameSize,
        frames: window,
        workplace,
        options,
      }),
  };
}

function besideSsh(frameSize: number): Case {
  return {
    name: `beside the original through ssh: ${frameSize} octets, at most ${window} frames under way`,
    peerMissing: () => lacking(['vde_switch', 'dpipe', 'vde_plug', 'ssh', 'sshd', 'ssh-keygen']),
    run: async (side, workplace, options) =>
      measure(await (side === 'ours' ? startLink('secured', workplace) : startSsh(workplace)), {
        frameSize,
        frames: window,
        workplace,
        options,
      }),
  };
}

function lacking(programs: readonly string[]): string | undefined {
  const missing = missingPrograms(programs);
  return missing.length === 0 ? undefined : `this machine has no ${missing.join(', ')}`;
}

interface Measurement {
  readonly frameSize: number;
  readonly frames: number | undefined;
  readonly workplace: Workplace;
  readonly options: RunOptions;
}

async function measure(
  { stations, processes, namespace }: Secured,
  { frameSize, frames, workplace, options }: Measurement,
): Promise<Sample> {
  const load = { stations, processes, frameSize, ...(frames !== undefined && { window: frames }) };
  return sampleOf(await runLoad(load, workplace, { ...options, ...(namespace && { namespace }) }));
}
