/** `npm run siege`, behind start.mjs. Ends with 1 when strangers could do more than they may, with 2 when its arguments are wrong. */
import { runProof } from '../harness/proof.ts';
import { siegeArguments, usage, type SiegeBounds } from './arguments.ts';
import { siege, type SiegeResult } from './siege.ts';

await runProof({
  usage,
  read: siegeArguments,
  run: async (given, workplace) => {
    const result = await siege(given, workplace, (line) => console.log(line));
    const faults = faultsOf(result, given.bounds);
    for (const fault of faults) console.log(`WRONG: ${fault}`);
    console.log(faults.length === 0 ? 'the star held' : 'NOT HELD');
    return faults.length === 0;
  },
});

function faultsOf({ calm, attacked, back, memory, stranger }: SiegeResult, bounds: SiegeBounds): string[] {
  const faults: string[] = [];
  const loss = 1 - attacked / calm;
  const worst = Math.max(...back);
  const growth = memory.after - memory.before;
  const median = [...back].sort((a, b) => a - b)[back.length >> 1] ?? NaN;
  console.log(
    `strangers: ${stranger.opened} half-open connections, of which ${stranger.held} were held and told ${stranger.toldHalfOpen} octets;`,
  );
  console.log(`  ${stranger.begun} handshakes begun, ${stranger.finished} finished, and told ${stranger.toldInside} octets inside TLS`);
  console.log(`forwarding lost ${(100 * loss).toFixed(1)} %`);
  console.log(`the member was back ${back.length} times: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
  console.log(
    `the master grew by ${(growth / 1e6).toFixed(1)} MB, to ${(memory.after / 1e6).toFixed(1)} MB; at most ${((memory.most - memory.before) / 1e6).toFixed(1)} MB more`,
  );
  if (!(loss < bounds.loss)) faults.push(`forwarding lost ${(100 * loss).toFixed(1)} %`);
  if (!(worst < bounds.back)) faults.push(`the member took ${worst.toFixed(0)} ms to come back`);
  if (!(growth < bounds.growth)) faults.push(`the master grew by ${growth} octets`);
  // A half-open one that is late with its first octets is a silent plain link, which this user may have here.
  if (stranger.toldInside > 0) faults.push('strangers were told something inside TLS');
  return faults;
}
