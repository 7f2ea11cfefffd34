import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { leaseKind } from '../../src/dhcp/disk/lease-journal.ts';
import { readJournal } from '../../src/disk/journal-format.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import type { Random } from '../../src/random.ts';
import type { Running } from '../harness/running.ts';
import { programOf } from '../harness/switches.ts';
import type { Workplace } from '../harness/workplace.ts';
import type { DurabilityArguments } from './arguments.ts';
import { Claims } from './claims.ts';
import { Clients } from './clients.ts';

/** The findings of a run. */
export interface DurabilityResult {
  /** How often the switch was killed. */
  readonly kills: number;
  /** ACKs that clients got. */
  readonly acks: number;
  /** Leases that were there after a kill, of all kills together. */
  readonly kept: number;
  /** How often the journal was written anew under the load, and how often a kill fell into that. */
  readonly compactions: number;
  readonly interrupted: number;
  /** The faults, in words. The run ends with the first kill that shows one. */
  readonly faults: readonly string[];
}

/** How long the load goes on before a kill, at most, in milliseconds. */
const longestLoad = 400;
/** Of ten kills, those that wait until the journal is being written anew or has been; and how long they do at most, in milliseconds. */
const compactions: Readonly<Record<number, 'during' | 'after'>> = { 2: 'after', 4: 'during', 7: 'during' };
const longestWait = 10_000;
/** How soon after it a kill comes, in milliseconds: most leases stand in the new journal alone then, and in no line after. */
const soon = 20;

/** Runs it. Throws when the switch does not start. */
export async function durability(
  { kills, seed, clients: count, cut }: DurabilityArguments,
  workplace: Workplace,
  tell: (line: string) => void,
): Promise<DurabilityResult> {
  const random = seededRandom(seed);
  const claims = new Claims();
  const faults: string[] = [];
  const sum = { kills: 0, acks: 0, kept: 0, compactions: 0, interrupted: 0 };
  while (sum.kills < kills && faults.length === 0) {
    const running = await start(workplace, count);
    using clients = new Clients(workplace.path('switch'), claims, random, count);
    await clients.confirm();
    const watch = new JournalWatch(workplace);
    await clients.work(momentOf(sum.kills, random, watch));
    process.kill(running.pid, 'SIGKILL');
    await running.exit(10);
    clients.drain();
    sum.kills++;
    sum.acks += clients.acks;
    sum.compactions += watch.compactions;
    if (watch.isBeingWritten()) sum.interrupted++;
    if (cut > 0) cutLines(watch.path, cut);
    const missing = claims.missingFrom(readJournal(leaseKind, readFileSync(watch.path)));
    faults.push(...clients.faults, ...missing);
    sum.kept += claims.size - missing.length;
    if (sum.kills % 10 === 0) tell(`${sum.kills} kills, ${sum.acks} ACKs, ${claims.size} leases, ${sum.compactions} journals written anew`);
  }
  if (faults.length === 0 || cut > 0) faults.push(...(await lastLook(workplace, claims, random, count)));
  return { ...sum, faults };
}

/** Checks once more after the last kill that all leases are still there. */
async function lastLook(workplace: Workplace, claims: Claims, random: Random, count: number): Promise<readonly string[]> {
  await start(workplace, count);
  using clients = new Clients(workplace.path('switch'), claims, random, count);
  await clients.confirm();
  return clients.faults;
}

/** Starts the server. Its pool has room for most of the clients, but not for all, so that addresses go from one to another. */
async function start(workplace: Workplace, count: number): Promise<Running> {
  const addresses = Math.floor(count * 0.8);
  const last = `10.77.${1 + (addresses >> 8)}.${addresses & 0xff}`;
  const places = ['--sock', workplace.path('switch'), '--state', workplace.path('state')];
  const pool = ['--dhcp', '10.77.0.0/16', '--range', `10.77.1.0-${last}`, '--dhcp-port-limit', String(addresses)];
  const running = workplace.start([programOf('ours', workplace, 'etherloom'), 'switch', ...places, ...pool]);
  await running.line(/^ready$/);
  return running;
}

/** Returns when the load before a kill is over: after a time that is drawn, or while the journal is written anew, or soon after. */
function momentOf(kill: number, random: Random, watch: JournalWatch): () => boolean {
  const [begun, delay] = [performance.now(), random.uint32() % longestLoad];
  const waitsFor = compactions[kill % 10];
  let end = waitsFor === undefined ? begun + delay : begun + longestWait;
  let seen = 0;
  return () => {
    watch.look();
    if (waitsFor === 'after' && watch.compactions > seen) {
      seen = Infinity;
      end = performance.now() + (delay % soon);
    }
    return (waitsFor === 'during' && watch.isBeingWritten()) || performance.now() >= end;
  };
}

/** The journal of a switch from outside, from the moment on in which this is made. */
class JournalWatch {
  readonly path: string;
  /** How often another file has come into its place. */
  compactions = 0;
  readonly #begun = Date.now();
  #file: number;

  constructor(workplace: Workplace) {
    this.path = `${workplace.path('state')}/leases/leases.journal`;
    this.#file = statSync(this.path).ino;
  }

  look(): void {
    const { ino } = statSync(this.path);
    if (ino === this.#file) return;
    this.#file = ino;
    this.compactions++;
  }

  /** Returns whether its successor has been begun and has not taken its place; one that an earlier kill left does not count. */
  isBeingWritten(): boolean {
    const successor = `${this.path}.tmp`;
    return existsSync(successor) && (statSync(successor, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= this.#begun;
  }
}

function cutLines(path: string, count: number): void {
  const octets = readFileSync(path);
  let end = octets.lastIndexOf('\n') + 1; // what follows is zeros, or an unfinished line
  for (let line = 0; line < count && end > 0; line++) end = octets.lastIndexOf('\n', end - 2) + 1;
  truncateSync(path, end);
}
