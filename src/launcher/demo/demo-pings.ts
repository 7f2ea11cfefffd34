import { GuestConsole } from '../guest/guest-console.ts';

/** A guest that can ping others. */
export interface PingingGuest {
  /** The socket of the guest's console. */
  readonly console: string;
  readonly address: string;
}

/**
 * Called with the result of a ping: the index of the sending guest in the list, the target, and the round-trip time in milliseconds, or
 * undefined without an answer.
 */
export type PingReport = (place: number, peer: string, milliseconds: number | undefined) => void;

/** How long a guest waits for an answer, in seconds. The demo waits longer for the guest, in milliseconds. */
const answerLimit = 1;
const commandLimit = 5000;

/**
 * Makes every guest ping every other once, by commands on their consoles. The guests work in parallel; each sends its pings one after the
 * other. If a guest does not take commands, its pings count as unanswered. Throws the signal's reason when aborted.
 */
export async function pingRound(guests: readonly PingingGuest[], result: PingReport, signal: AbortSignal): Promise<void> {
  await Promise.all(
    guests.map(async ({ console: path, address }, place) => {
      const peers = guests.map((guest) => guest.address).filter((peer) => peer !== address);
      for (const [peer, milliseconds] of await pingsFrom(path, peers, signal)) result(place, peer, milliseconds);
    }),
  );
}

/**
 * Parses the round-trip time in the output of busybox's ping, `round-trip min/avg/max = 0.9/0.9/0.9 ms`. Returns undefined if there is
 * none.
 */
export function roundTripIn(output: string): number | undefined {
  const time = /^round-trip min\/avg\/max = ([\d.]+)\//m.exec(output)?.[1];
  return time === undefined ? undefined : Number(time);
}

async function pingsFrom(path: string, peers: readonly string[], signal: AbortSignal): Promise<(readonly [string, number | undefined])[]> {
  const results: (readonly [string, number | undefined])[] = [];
  try {
    using shell = await GuestConsole.open(path, { signal });
    for (const peer of peers) {
      const { output } = await shell.run(`ping -c 1 -W ${answerLimit} ${peer}`, { signal, timeout: commandLimit });
      results.push([peer, roundTripIn(output)]);
    }
  } catch {
    signal.throwIfAborted();
    return peers.map((peer) => [peer, undefined]);
  }
  return results;
}
