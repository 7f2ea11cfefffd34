import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatOctets, parseHex } from '../../src/wire/octets.ts';
import { decodePcapng, encodePcapng, encodePcapngHeader, encodePcapngPacket, type Pcapng } from '../../src/wire/pcapng.ts';
import { octets } from './arbitraries.ts';
import { capturedFrame, fixture } from './fixture.ts';

const captured = fixture('wire/trunk.pcapng');
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const optional = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined });
const captures: fc.Arbitrary<Pcapng> = fc
  .array(fc.record({ name: fc.string(), linkType: fc.nat(0xffff) }), { minLength: 1, maxLength: 4 })
  .chain((interfaces) => {
    const packet = fc
      .record({
        interface: fc.nat(interfaces.length - 1),
        nanoseconds: fc.bigInt(0n, 2n ** 64n - 1n),
        frame: octets(),
        originalLength: uint32,
        direction: optional(fc.constantFrom('inbound', 'outbound')),
        comment: optional(fc.string({ unit: 'grapheme' })),
      })
      .map(({ direction, comment, ...rest }) => ({ ...rest, ...(direction && { direction }), ...(comment !== undefined && { comment }) }));
    return fc.record({ interfaces: fc.constant(interfaces), packets: fc.array(packet) });
  });

test('a captured file decodes field by field', () => {
  const [first, second] = [capturedFrame('wire/trunk.pcap', 1), capturedFrame('wire/trunk.pcap', 2)];
  expect(decodePcapng(captured)).toMatchObject({
    interfaces: [{ name: '', linkType: 1 }],
    packets: [
      { interface: 0, nanoseconds: 1_795_367_880_325_212_000n, originalLength: 46, comment: 'asked first' },
      { interface: 0, originalLength: 54 },
    ],
  });
  expect(decodePcapng(captured)?.packets.map(({ frame }) => new Uint8Array(frame))).toEqual(
    [first, second].map((one) => new Uint8Array(one)),
  );
});

test('decoding and encoding are inverse', () => {
  fc.assert(
    fc.property(captures, (capture) => {
      expect(decodePcapng(encodePcapng(capture))).toEqual(capture);
    }),
  );
});

test('random octets never throw', () => {
  const header = encodePcapngHeader([{ name: 'a', linkType: 1 }]);
  fc.assert(fc.property(octets(), (bytes) => void decodePcapng(bytes)));
  fc.assert(fc.property(octets(200), (bytes) => void decodePcapng(concatOctets(header, bytes))));
  fc.assert(
    fc.property(captures, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), (capture, changes) => {
      const bytes = encodePcapng(capture);
      for (const [at, octet] of changes) bytes[12 + (at % (bytes.length - 12))] = octet;
      void decodePcapng(bytes);
    }),
  );
});

test('a file cut anywhere gives the packets that are whole', () => {
  fc.assert(
    fc.property(captures, fc.nat(), (capture, cut) => {
      const header = encodePcapngHeader(capture.interfaces).length;
      const bytes = encodePcapng(capture);
      const torn = decodePcapng(bytes.subarray(0, header + (cut % (bytes.length - header + 1))));
      expect(torn?.packets).toEqual(capture.packets.slice(0, torn?.packets.length));
    }),
  );
});

test('the other byte order, other units of time, simple packets and several sections are read, unknown blocks left out', () => {
  const section = '0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c';
  const milliseconds = '00000001 00000028 0001 0000 00000000 0009 0001 03000000 0002 0001 61000000 0000 0000 00000028';
  const binary = '00000001 0000001c 0001 0000 00000000 0009 0001 81000000 0000001c';
  const unknown = '00000bad 00000010 cafecafe 00000010';
  const simple = '00000003 00000014 00000003 01020300 00000014';
  const packet = '00000006 00000024 00000001 00000000 00000005 00000002 00000009 cafe0000 00000024';
  const later = '00000006 00000024 00000000 00000000 000007d1 00000001 00000001 aa000000 00000024';
  const all = [section, milliseconds, binary, unknown, simple, packet, section, milliseconds, later].join('');
  expect(decodePcapng(parseHex(all.replaceAll(' ', '')) ?? new Uint8Array(0))).toEqual({
    interfaces: [
      { name: 'a', linkType: 1 },
      { name: '', linkType: 1 },
      { name: 'a', linkType: 1 },
    ],
    packets: [
      { interface: 0, nanoseconds: 0n, frame: Uint8Array.of(1, 2, 3), originalLength: 3 },
      { interface: 1, nanoseconds: 2_500_000_000n, frame: Uint8Array.of(0xca, 0xfe), originalLength: 9 },
      { interface: 2, nanoseconds: 2_001_000_000n, frame: Uint8Array.of(0xaa), originalLength: 1 },
    ],
  });
});

test('what is no capture is refused, and so is a comment that does not fit', () => {
  expect(decodePcapng(new Uint8Array(40))).toBeUndefined();
  expect(decodePcapng(captured.subarray(0, 11))).toBeUndefined();
  const packet = { interface: 0, nanoseconds: 0n, frame: new Uint8Array(14), originalLength: 14 };
  expect(() => encodePcapngPacket({ ...packet, comment: 'a'.repeat(65_536) })).toThrow(RangeError);
});

test('an independent reader sees interfaces, times to the nanosecond, directions and comments', (context) => {
  if (spawnSync('tshark', ['--version']).error !== undefined && process.env['CI'] === undefined) context.skip('tshark is not installed');
  const interfaces = [
    { name: 's1.1', linkType: 1 },
    { name: 'a', linkType: 1 },
  ];
  const frame = new Uint8Array(capturedFrame('wire/trunk.pcap', 1));
  const common = { frame, originalLength: frame.length };
  const packets = [
    { ...common, interface: 0, nanoseconds: 1_000_000_001n, direction: 'inbound', comment: 'lost: the link was cut' },
    { ...common, interface: 1, nanoseconds: 1_800_000_000_123_456_789n, direction: 'outbound', originalLength: 60 },
  ] as const;
  const directory = mkdtempSync(join(tmpdir(), 'etherloom-pcapng-'));
  try {
    const file = join(directory, 'frames.pcapng');
    writeFileSync(file, encodePcapng({ interfaces, packets }));
    const names = [
      'frame.interface_name',
      'frame.time_epoch',
      'frame.packet_flags_direction',
      'frame.comment',
      'frame.len',
      '_ws.malformed',
    ];
    const fields = names.flatMap((name) => ['-e', name]);
    const lines = execFileSync('tshark', ['-r', file, '-T', 'fields', '-E', 'separator=|', ...fields], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(lines.toString().trimEnd().split('\n')).toEqual([
      's1.1|1.000000001|0x00000001|lost: the link was cut|46|',
      'a|1800000000.123456789|0x00000002||60|',
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
