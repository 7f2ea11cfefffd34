/** A process that appends leases until it is killed, and says on its standard output which are durable. Run by lease-journal.test.ts. */
import { LeaseJournal } from '../../../src/dhcp/disk/lease-journal.ts';
import { ipv4FromNumber } from '../../../src/wire/ipv4.ts';
import { macFromNumber } from '../../../src/wire/mac.ts';

const [directory = '', first = '0'] = process.argv.slice(2);
const journal = await LeaseJournal.open({ directory, lock: () => ({ [Symbol.dispose]: () => undefined }) });

function append(n: number): void {
  const record = {
    address: ipv4FromNumber(n % 5000),
    state: 'bound',
    key: `client ${n}`,
    mac: macFromNumber(n),
    since: n,
    duration: 3600,
  } as const;
  journal.append(record, (error) => {
    if (error === undefined) process.stdout.write(`${n}\n`);
    append(n + 64);
  });
}

for (let n = 0; n < 64; n++) append(Number(first) + n);
