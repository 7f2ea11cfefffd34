import { mkdtemp, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { realClock } from '../clock.ts';
import { EtherloomError } from '../errors.ts';
import { DemoBoard } from '../launcher/demo/demo-board.ts';
import { chooseFront, type ChosenFront } from '../launcher/demo/demo-front.ts';
import { pingRound } from '../launcher/demo/demo-pings.ts';
import { openDemoScreen, type DemoScreen } from '../launcher/demo/demo-screen.ts';
import { DemoStar } from '../launcher/demo/demo-star.ts';
import { allLeased, allReached, anyDied } from '../launcher/demo/demo-table.ts';
import { summaryLines } from '../launcher/demo/demo-text.ts';
import { heedNoReaders, nodeStreamsFlushed } from './node-streams.ts';
import { temporaryDirectory } from '../system/user-directories.ts';

/** The options of `etherloom demo`. */
export interface DemoArguments {
  /** True for stations even where guests could run. */
  readonly stations: boolean;
  /** True if QEMU may be installed. */
  readonly install: boolean;
}

const slaves = 2;
/** The time in which every guest must have its address, and then in which all must have reached each other, in milliseconds. */
const leaseLimit = 120_000;
const pingLimit = 30_000;
/** Milliseconds between two rounds of pings, while the demo is watched. */
const roundInterval = 2000;
/**
 * Milliseconds between the end of a child and the report of its failure. Ctrl-C reaches the whole process group, so a child may end before
 * this process receives the signal.
 */
const ownSignalLimit = 500;

/**
 * Implements `etherloom demo`: a star on this machine, live. Returns the exit status: 0 after success, 128 plus the signal's number if a
 * signal ended it earlier. Throws EtherloomError if a guest, a lease or a ping fails.
 */
export async function runDemo(wish: DemoArguments): Promise<number> {
  const ending = new AbortController();
  const end = (name: NodeJS.Signals): void => ending.abort(new Interruption(name));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  process.on('uncaughtException', (error) => ending.abort(error));
  // The reader of the output may be gone. The children are ended in order even then.
  heedNoReaders(process.stdout);
  const outcome = { reached: false };
  try {
    await withDirectory((directory) => run(wish, directory, ending, () => (outcome.reached = true)));
    return 0;
  } catch (error) {
    const reason: unknown = ending.signal.aborted ? ending.signal.reason : error;
    if (!(reason instanceof Interruption)) throw reason;
    return outcome.reached ? 0 : 128 + constants.signals[reason.signal];
  } finally {
    await nodeStreamsFlushed(process.stdout);
  }
}

/** A signal that ends the demo. */
class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.signal = signal;
  }
}

async function run(wish: DemoArguments, directory: string, ending: AbortController, reached: () => void): Promise<void> {
  using screen = openDemoScreen(process.stdout, { clock: realClock, env: process.env });
  const { signal } = ending;
  const log = (text: string): void => screen.progress(text);
  const front = await chooseFront({ ...wish, directory }, { signal, log, say: (line) => screen.say(line) });
  const board = new DemoBoard(slaves, realClock, (table) => screen.show(table));
  try {
    await runStar(board, front, screen, directory, ending, reached);
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (!(reason instanceof Interruption)) for (const line of board.lastLines) screen.say(`  ${line}`);
    throw error;
  }
}

async function runStar(
  board: DemoBoard,
  front: ChosenFront,
  screen: DemoScreen,
  directory: string,
  ending: AbortController,
  reached: () => void,
): Promise<void> {
  const { signal } = ending;
  const began = realClock.monotonic();
  screen.progress(`a star of ${slaves + 1} switches starts, with ${front.kind} in front (${front.description})`);
  await using star = await DemoStar.open(
    {
      directory,
      slaves,
      guest: front.guest,
      event: (place, event) => board.tell(place, event),
      heard: (name, text) => board.hear(name, text),
      failed: (error) => realClock.after(ownSignalLimit, () => ending.abort(error)),
    },
    signal,
  );
  await reachAll(star, board, front, screen, signal);
  for (const line of summaryLines(board.table, front, began)) screen.say(line);
  reached();
  if (process.stdout.isTTY) await watch(star, board, front, screen, signal);
  screen.progress('');
}

/** Waits until all guests have their addresses and each has reached every other. Throws EtherloomError that names those that have not. */
async function reachAll(star: DemoStar, board: DemoBoard, front: ChosenFront, screen: DemoScreen, signal: AbortSignal): Promise<void> {
  screen.progress(`waiting until all ${front.kind} have their addresses`);
  await board.until((table) => allLeased(table) || anyDied(table), leaseLimit, signal);
  const without = board.table.filter(({ state }) => state !== 'leased').map(({ role, id, state }) => `${role} ${id ?? '?'} (${state})`);
  if (without.length > 0) throw new EtherloomError('timed-out', `no address for the ${front.kind} of: ${without.join(', ')}`);
  screen.progress(`the ${front.kind} ping each other`);
  const pings = new AbortController();
  const rounds = front.guest === undefined ? undefined : pingAgain(star, board, 0, AbortSignal.any([signal, pings.signal]));
  const all = await board.until((table) => allReached(table) || anyDied(table), pingLimit, signal);
  pings.abort();
  await rounds;
  if (!all || !allReached(board.table))
    throw new EtherloomError('timed-out', `not all ${front.kind} reach each other; read the table above`);
}

/** Runs until a signal ends it. Stations ping by themselves. */
async function watch(star: DemoStar, board: DemoBoard, front: ChosenFront, screen: DemoScreen, signal: AbortSignal): Promise<void> {
  screen.say(`try: bin/etherloom station --sock ${star.sockOf(0)} --id 7 --ping 10.77.0.10`);
  screen.progress('Ctrl-C ends it');
  if (front.guest !== undefined) void pingAgain(star, board, roundInterval, signal);
  await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
}

/** Repeats rounds of pings, `interval` milliseconds apart, until aborted. */
async function pingAgain(star: DemoStar, board: DemoBoard, interval: number, signal: AbortSignal): Promise<void> {
  const tell = (place: number, peer: string, milliseconds: number | undefined): void =>
    board.tell(place, { type: 'ping', peer, milliseconds });
  try {
    for (;;) {
      const guests = board.table.map(({ address = '' }, place) => ({ console: star.consoleOf(place), address }));
      await pingRound(guests, tell, signal);
      await delay(Math.max(interval, 1), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Creates a directory with a short path, since the paths of sockets are limited. A long temporary directory is not used. */
async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const usual = temporaryDirectory();
  const parent = usual.length > 40 ? '/tmp' : usual;
  const directory = await mkdtemp(join(parent, 'el-demo-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
