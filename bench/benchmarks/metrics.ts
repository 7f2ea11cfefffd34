import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, RunOptions } from '../harness/benchmark.ts';
import type { Sample } from '../harness/figures.ts';
import { runLoad, sampleOf, smallFrame, stationsAt } from '../harness/load.ts';
import { spreadOf } from '../harness/statistics.ts';
import { programOf, untilAnswers } from '../harness/switches.ts';
import type { Running } from '../harness/running.ts';
import type { Workplace } from '../harness/workplace.ts';

const idlePorts = 1000;

/** A switch with `/metrics`. */
interface Scraped {
  readonly directory: string;
  readonly process: Running;
  /** Returns the time of a scrape in milliseconds; undefined while not all ports are there. */
  readonly scrape: () => Promise<number | undefined>;
}

/** The cost of being scraped: how long a scrape takes, and what it takes from the frames. */
export const metrics: Benchmark = {
  name: 'metrics',
  work: `two stations beside ${idlePorts} idle ports, while /metrics is scraped`,
  peer: 'the same switch, not scraped',
  needs: [],
  peerNeeds: [],
  cases: [
    {
      name: 'ping-pong, a scrape each 50 ms',
      ownGoals: { scrape: { want: 'at-most', goal: 20 } },
      oursOnly: true,
      run: (_, workplace, options) => run(workplace, { ...options, pingAlone: true, interval: 50 }),
    },
    {
      name: 'unicast, a scrape each second',
      ratioGoals: { perProcessorSecond: { want: 'at-least', goal: 0.98 }, deliveredPerSecond: { want: 'at-least', goal: 0.98 } },
      run: (side, workplace, options) => run(workplace, { ...options, pingAlone: false, interval: side === 'ours' ? 1000 : undefined }),
    },
  ],
};

interface Plan extends RunOptions {
  /** True for a ping-pong without other traffic. */
  readonly pingAlone: boolean;
  /** Milliseconds between scrapes; undefined for none. */
  readonly interval: number | undefined;
}

async function run(workplace: Workplace, { pingAlone, interval, ...options }: Plan): Promise<Sample> {
  const { directory, process, scrape } = await startScraped(workplace);
  const load = {
    stations: stationsAt(directory, 2),
    idle: stationsAt(directory, idlePorts),
    processes: [process.pid],
    frameSize: smallFrame,
  };
  const ended = new AbortController();
  const times = interval === undefined ? undefined : scrapes(scrape, interval, ended.signal);
  const result = await runLoad({ ...load, ...(pingAlone && { seconds: 0, pingSeconds: options.seconds }) }, workplace, options);
  ended.abort();
  const spread = spreadOf((await times) ?? []);
  return { ...sampleOf(result), ...(spread && { scrape: spread.median, longestScrape: spread.max }) };
}

/** Scrapes until the end, and returns the times of all scrapes of all ports. */
async function scrapes(scrape: Scraped['scrape'], interval: number, end: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  while (!end.aborted) {
    const time = await scrape();
    if (time !== undefined) times.push(time);
    await delay(interval);
  }
  return times;
}

async function startScraped(workplace: Workplace): Promise<Scraped> {
  const [directory, file] = [workplace.path('switch'), workplace.path('token')];
  const http = ['--http', '127.0.0.1:0', '--http-token-file', file];
  const process = workplace.start([
    programOf('ours', workplace, 'etherloom'),
    'switch',
    '--sock',
    directory,
    '--numports',
    '1100',
    ...http,
  ]);
  const [, address] = await process.line(/^http (\S+)$/);
  await untilAnswers(process, directory);
  const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
  const scrape = async (): Promise<number | undefined> => {
    const began = performance.now();
    const response = await fetch(`http://${address}/metrics`, { headers });
    const text = await response.text();
    const time = performance.now() - began;
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text}`);
    return text.split('\netherloom_port_up{').length > idlePorts ? time : undefined;
  };
  // The server and the client are loaded before anything is measured.
  await scrape();
  return { directory, process, scrape };
}
