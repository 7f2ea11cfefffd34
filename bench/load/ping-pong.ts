import { Incoming } from './batch.ts';
import { PollSet } from './poll-set.ts';
import { processorTime } from './processor-time.ts';
import type { LoadSpec, RoundTrips } from './spec.ts';
import type { Station } from './station.ts';

/** How long an answer may take, in milliseconds. */
const patience = 100;

/** How many frames may stay without an answer before there is no path. */
const attempts = 100;

/** One frame to and fro between two stations, again and again: for `warmup` seconds, and for `seconds` that count. */
export function pingPong(here: Station, there: Station, { frameSize, warmup, pingSeconds, processes }: LoadSpec): RoundTrips {
  const incoming = new Incoming(frameSize);
  const times: number[] = [];
  let unanswered = 0;
  const warm = performance.now() + warmup * 1000;
  for (let now = performance.now(); now < warm; now = performance.now()) roundTrip(here, there, incoming);
  const used = (): number => processes.reduce((sum, pid) => sum + processorTime(pid), 0);
  const before = used();
  const end = performance.now() + pingSeconds * 1000;
  for (let now = performance.now(); now < end; now = performance.now()) {
    if (roundTrip(here, there, incoming)) times.push((performance.now() - now) * 1000);
    else unanswered++;
  }
  const processor = (used() - before) / 1000 / times.length;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { count: times.length, unanswered, p50: at(0.5), p99: at(0.99), max: at(1), processor };
}

/** Waits until frames get from one to the other and back, at most 10 s. Throws when they do not. */
export function awaitPath(here: Station, there: Station, { frameSize }: LoadSpec): void {
  const incoming = new Incoming(frameSize);
  for (let attempt = 0; attempt < attempts; attempt++) if (roundTrip(here, there, incoming)) return;
  throw new Error('no frame gets from the first station to the second and back');
}

function roundTrip(here: Station, there: Station, incoming: Incoming): boolean {
  return oneWay(here, there, incoming) && oneWay(there, here, incoming);
}

function oneWay(from: Station, to: Station, incoming: Incoming): boolean {
  from.ping(to);
  const set = new PollSet([to.fd]);
  set.want(0, { readable: true, writable: false });
  const heard = to.heard;
  while (to.heard === heard) {
    if (set.wait(patience) < 1) return false;
    to.receive(incoming);
  }
  return true;
}
