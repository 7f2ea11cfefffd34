import { Incoming } from './batch.ts';
import { PollSet } from './poll-set.ts';
import type { RoundTrips } from './spec.ts';
import type { Station } from './station.ts';

/** How long an answer may take, in milliseconds. */
const patience = 100;

/** One frame to and fro between two stations, again and again for so many seconds; what came before is forgotten. */
export function pingPong(here: Station, there: Station, frameSize: number, seconds: number): RoundTrips {
  const incoming = new Incoming(frameSize);
  const times: number[] = [];
  let unanswered = 0;
  const warm = performance.now() + Math.min(100, 200 * seconds);
  for (let now = performance.now(); now < warm; now = performance.now()) roundTrip(here, there, incoming);
  const end = performance.now() + seconds * 1000;
  for (let now = performance.now(); now < end; now = performance.now()) {
    if (roundTrip(here, there, incoming)) times.push((performance.now() - now) * 1000);
    else unanswered++;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { count: times.length, unanswered, p50: at(0.5), p99: at(0.99), max: at(1) };
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
