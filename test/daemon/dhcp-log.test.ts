import { expect, it } from 'vitest';
import { dhcpLog } from '../../src/daemon/dhcp-log.ts';
import type { DhcpEvent } from '../../src/dhcp/events.ts';
import { logTo, type LogFields } from '../../src/log.ts';
import { macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

const dropped = (reason: Extract<DhcpEvent, { type: 'dropped' }>['reason'], ingress = 3): DhcpEvent => ({
  type: 'dropped',
  mac: macFromNumber(0x0200_0000_0009),
  ingress,
  reason,
});

function written(): { lines: string[]; fields: LogFields[]; clock: ManualClock; tell: (event: DhcpEvent) => void } {
  const [lines, fields, clock]: [string[], LogFields[], ManualClock] = [[], [], new ManualClock()];
  const log = logTo((message, of, level) => {
    lines.push(`${level}: ${message}`);
    fields.push(of);
  });
  return { lines, fields, clock, tell: dhcpLog(clock, log) };
}

it('messages without an answer are told at once with what to do, and then their number each minute', () => {
  const { lines, fields, clock, tell } = written();
  for (let time = 0; time < 5; time++) tell(dropped('pool-exhausted'));
  tell(dropped('relayed'));
  const exhausted =
    'warn: no address is left for 02:00:00:00:00:09 on port 3; serve more with --range or a wider network, or make leases shorter with --lease-time';
  const relayed = 'warn: no answer to 02:00:00:00:00:09 on port 3: its message came by a relay agent, and relays are not served';
  expect(lines).toEqual([exhausted, relayed]);
  expect(fields[0]).toEqual({ event: 'dropped', mac: '02:00:00:00:00:09', ingress: 3, reason: 'pool-exhausted' });
  clock.advanceSeconds(60);
  expect(lines.slice(2)).toEqual([`${exhausted} (4 more in the last 60 s)`]);
});

it('clients of other servers are no matter of the log', () => {
  const { lines, tell } = written();
  tell(dropped('other-server'));
  expect(lines).toEqual([]);
});
