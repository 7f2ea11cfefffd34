import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaseKind } from '../../src/dhcp/disk/lease-journal.ts';
import { crc32, readJournal } from '../../src/disk/journal-format.ts';
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from '../../src/dhcp/lease-record.ts';
import { ipv4, mac } from '../wire/arbitraries.ts';
import { clientMac, ip } from './segment.ts';

const line = '{"address":"10.77.0.5","state":"bound","key":"01","mac":"02:00:00:00:10:01","since":5,"duration":600,"hostname":"vm"}';

test('a record is a line that people can read', () => {
  const record = {
    address: ip('10.77.0.5'),
    state: 'bound',
    key: '01',
    mac: clientMac(1),
    since: 5,
    duration: 600,
    hostname: 'vm',
  } as const;
  expect(encodeLeaseRecord(record)).toBe(line);
  expect(decodeLeaseRecord(line)).toEqual(record);
});

test('decoding and encoding are inverse', () => {
  const seconds = fc.integer({ min: 0, max: 0xffff_ffff });
  const records: fc.Arbitrary<LeaseRecord> = fc.record(
    {
      address: ipv4,
      state: fc.constantFrom('bound', 'released', 'forgotten'),
      key: fc.string(),
      mac,
      since: seconds,
      duration: seconds,
      hostname: fc.string(),
    },
    { requiredKeys: ['address', 'state', 'key', 'mac', 'since', 'duration'] },
  );
  fc.assert(
    fc.property(records, (record) => {
      expect(decodeLeaseRecord(encodeLeaseRecord(record))).toEqual(record);
    }),
  );
});

test.each([
  ['10.77.0.5', '10.77.0.500'],
  ['bound', 'bond'],
  ['"01"', '1'],
  ['02:00', '02:xx'],
  [':5,', ':-5,'],
  ['600', '"600"'],
  ['"vm"}', '"vm"'],
])('a line with %s become %s is no record', (from, to) => {
  expect(decodeLeaseRecord(line.replace(from, to))).toBeUndefined();
});

test('random text, and random octets as a journal, never throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeLeaseRecord(text)));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      expect(readJournal(leaseKind, octets).state.size).toBe(0);
    }),
  );
});

test('the checksum is the usual CRC-32', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf4_3926);
});
