import { expect, it } from 'vitest';
import { Decoder } from '../../src/page/decode.ts';
import { formatCount, formatInstant, formatSpan } from '../../src/page/format.ts';
import { isLoss, outcomeOf } from '../../src/page/outcome.ts';
import { view } from './views.ts';

const { decode } = { decode: (text: string) => new Decoder(view().nodes).decode(text) };

it('a line is taken apart, with the names of nodes for their addresses', () => {
  expect(decode('02:00:00:00:00:01 > all, VLAN 5: ARP, who has 10.0.0.2? 10.0.0.1 asks')).toEqual({
    way: 'a > all, VLAN 5',
    protocol: 'ARP',
    content: 'who has 10.0.0.2? 10.0.0.1 asks',
  });
  expect(decode('02:00:00:00:00:02 > 02:00:00:00:00:09: DHCP ACK 10.0.0.2 for 02:00:00:00:00:02, xid 00000001')).toEqual({
    way: 'b > 02:00:00:00:00:09',
    protocol: 'DHCP',
    content: 'ACK 10.0.0.2 for b, xid 00000001',
  });
  expect(decode('x > y: BPDU, root port 8001 of 80:00:00:ff:00:00:00:01, root 80:00:00:ff:00:00:00:07 at 0').content).toBe(
    'root port 8001 of s1, root 80:00:00:ff:00:00:00:07 at 0',
  );
  expect(decode('x > y: EtherType 0x88b5, 46 octets')).toEqual({ way: 'x > y', protocol: 'other', content: 'EtherType 0x88b5, 46 octets' });
  expect(decode('3 octets, too short for a frame')).toEqual({ way: '', protocol: 'other', content: '3 octets, too short for a frame' });
});

it('what became of a frame has a form', () => {
  const fates = ['delivered', 'under way', 'taken by s1', 'dropped by s1: no-egress', 'lost: loss'];
  expect(fates.map(outcomeOf)).toEqual(['delivered', 'under-way', 'taken', 'dropped', 'lost']);
  expect(fates.map(isLoss)).toEqual([false, false, false, true, true]);
});

it('times and counts are for people', () => {
  expect([0, 0.05, 999.9996, 1234567.8].map(formatInstant)).toEqual(['0.000', '0.050', '1\u2009000.000', '1\u2009234\u2009567.800']);
  expect([0.05, 150, 1950, 12_345, 59_960, 125_000, 3_600_000, 12_060_000].map(formatSpan)).toEqual([
    '0.05 ms',
    '150 ms',
    '1.95 s',
    '12.3 s',
    '60 s',
    '2 min 5 s',
    '1 h',
    '3 h 21 min',
  ]);
  expect([formatCount(1, 'frame'), formatCount(16384, 'frame')]).toEqual(['1 frame', '16\u2009384 frames']);
});
