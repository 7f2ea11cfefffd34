/**
 * The stations of a soak, in a process that works without Node's event loop. Arguments: the directories of two switches that are linked.
 * It does what it is asked on its standard input.
 */
import { readSync } from 'node:fs';
import { PollSet } from '../load/poll-set.ts';
import { Canary, Flow, Staller, Visitors, type Actor } from './actors.ts';
import { greeting, Peer } from './peer.ts';
import type { LoadReport } from './spec.ts';

/** How long nothing may come before it is quiet, in milliseconds. */
const quietness = 300;

/** How long all may take to come to rest, in milliseconds. */
const restLimit = 30_000;

/** How long it waits for something to do at most, in milliseconds. */
const longestSleep = 5;

const [near = '', far = ''] = process.argv.slice(2);

const actors: readonly Actor[] = [
  new Canary('canary near', pair('near canary', near, near)),
  new Canary('canary over the link', pair('link canary', near, far)),
  new Canary('canary far', pair('far canary', far, far)),
  new Flow('small frames near', pair('near small', near, near)),
  new Flow('full frames near', pair('near full', near, near), { size: 1514 }),
  new Flow('small frames far', pair('far small', far, far)),
  new Flow('small frames over the link', pair('link small', near, far), { window: 200 }),
  new Flow('full frames over the link', pair('link full', far, near), { size: 1514, window: 200 }),
  ...Array.from({ length: 8 }, (_, i) => staller(i)),
  new Visitors('visitors', [near, far], { interval: 50, stay: 10 }),
];

/** Returns a staller with a pair of its own; some are sent more than their ports keep. */
function staller(i: number): Staller {
  const directory = i % 2 === 0 ? near : far;
  const size = i % 4 < 2 ? 60 : 1514;
  return new Staller(`staller ${i}`, pair(`staller ${i}`, directory, directory), [1000 + 100 * i, 2000, 6000 + 500 * i], size);
}

function pair(name: string, here: string, there: string): readonly [Peer, Peer] {
  return [new Peer(here, `${name} a`), new Peer(there, `${name} b`)];
}

const places = actors.flatMap((actor) => actor.peers.map((peer) => ({ actor, peer })));
const set = new PollSet([...places.map(({ peer }) => peer.fd), 0]);
set.want(places.length, { readable: true, writable: false });

let busy = false;
let asked: { readonly id: number; readonly at: number } | undefined;
let lastArrival = performance.now();
let commands = '';

awaitLink();
introduce();
process.stdout.write('ready\n');
for (let open = true; open;) open = turn();

/** Says something until it is heard behind the link. */
function awaitLink(): void {
  const [here, there] = actors[1]?.peers ?? [];
  while (here && there?.receive(() => undefined) === 0) {
    here.send('all', greeting);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, longestSleep);
  }
}

/** Each says who it is, so that nothing is flooded. */
function introduce(): void {
  for (const { peer } of places) peer.send('all', greeting);
}

/** Waits for something to do, and does it; returns whether there will be more. */
function turn(): boolean {
  places.forEach(({ actor, peer }, i) => set.want(i, { readable: actor.reads(peer), writable: actor.wantsToSend(peer) }));
  set.wait(longestSleep);
  const now = performance.now();
  for (const [i, { actor, peer }] of places.entries()) {
    if (!set.readable(i) || !actor.reads(peer)) continue;
    if (peer.receive((from, serial) => actor.take(peer, from, serial)) > 0) lastArrival = now;
  }
  for (const actor of actors) actor.turn(now, busy);
  if (asked && ((actors.every(({ idle }) => idle) && now - lastArrival > quietness) || now - asked.at > restLimit)) answer(asked.id);
  return !set.readable(places.length) || listen();
}

/** Hears what it is asked; returns whether there will be more. */
function listen(): boolean {
  const octets = Buffer.alloc(1024);
  const count = readSync(0, octets);
  commands += octets.toString('utf8', 0, count);
  for (let end = commands.indexOf('\n'); end >= 0; end = commands.indexOf('\n')) {
    const [question, id] = commands.slice(0, end).split(' ');
    commands = commands.slice(end + 1);
    if (question === 'quiet') {
      busy = false;
      lastArrival = performance.now();
      asked = { id: Number(id), at: lastArrival };
    } else {
      if (question === 'run') busy = true;
      answer(Number(id));
    }
  }
  return count > 0;
}

function answer(id: number): void {
  const restless = asked ? actors.filter(({ idle }) => !idle) : [];
  asked = undefined;
  const report: LoadReport = {
    id,
    progress: Object.fromEntries(actors.map(({ name, progress }) => [name, progress])),
    stations: Object.fromEntries(places.map(({ peer: { name, sent, heard } }) => [name, { sent, heard }])),
    faults: [
      ...actors.flatMap(({ faults }) => faults.slice(0, 5)),
      ...restless.map(({ name, progress }) => `${name} does not come to rest after ${progress}`),
    ],
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
