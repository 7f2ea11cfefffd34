import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { macOfId } from '../../src/star/identity.ts';
import { decodeJoinMessage, encodeJoinMessage } from '../../src/star/message-codec.ts';
import { maxJoinLine, type JoinMessage } from '../../src/star/messages.ts';
import { ipv4FromNumber, parseIpv4, parseIpv4Network } from '../../src/wire/ipv4.ts';

const network = parseIpv4Network('10.77.0.0/24') ?? { address: ipv4FromNumber(0), prefixLength: 0 };
const pin = 'm'.repeat(32);
const key = '00112233445566778899aabbccddeeff';

const lines: [string, JoinMessage][] = [
  [`{"type":"hello","key":"${key}","demanded":3,"last":2,"version":1}`, { type: 'hello', key, demanded: 3, last: 2 }],
  [`{"type":"hello","key":"${key}","version":1}`, { type: 'hello', key, demanded: undefined, last: undefined }],
  [
    '{"type":"welcome","id":3,"mtu":1500,"linkPort":7000,"version":1,"mac":"02:65:6c:00:00:03","address":"10.77.0.13","network":"10.77.0.0/24"}',
    { type: 'welcome', id: 3, mtu: 1500, linkPort: 7000, mac: macOfId(3), address: parseIpv4('10.77.0.13'), network },
  ],
  ['{"type":"refusal","reason":"no","retry":true}', { type: 'refusal', reason: 'no', retry: true }],
  ['{"type":"alive"}', { type: 'alive' }],
  [`{"type":"next-pin","pin":"${pin}"}`, { type: 'next-pin', pin }],
  [`{"type":"holds-pin","pin":"${pin}"}`, { type: 'holds-pin', pin }],
  [`{"type":"disputes-pin","pins":["${pin}"]}`, { type: 'disputes-pin', pins: [pin] }],
];

describe('a line of the control connection', () => {
  it.each(lines)('is read: %s', (line, message) => {
    expect(decodeJoinMessage(line)).toEqual(message);
  });

  it.each(lines)('is written: %s', (line, message) => {
    expect(encodeJoinMessage(message)).toBe(`${line}\n`);
  });

  it('is read as it was written', () => {
    const id = fc.integer({ min: 1, max: 65_535 });
    const message = fc.oneof(
      fc.record({
        type: fc.constant('hello' as const),
        key: fc.constant(key),
        demanded: fc.option(id, { nil: undefined }),
        last: fc.option(id, { nil: undefined }),
      }),
      fc.record({
        type: fc.constant('welcome' as const),
        id,
        mac: id.map(macOfId),
        address: fc.option(fc.nat(0xffff_ffff).map(ipv4FromNumber), { nil: undefined }),
        network: fc.constant(network),
        mtu: fc.nat(9216),
        linkPort: id,
      }),
      fc.record({ type: fc.constant('refusal' as const), reason: fc.string({ maxLength: 500 }), retry: fc.boolean() }),
    );
    fc.assert(
      fc.property(message, (value) => {
        const line = encodeJoinMessage(value);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(maxJoinLine);
        expect(decodeJoinMessage(line.trimEnd())).toEqual(value);
      }),
    );
  });

  it.each([
    '',
    'null',
    '[]',
    `{"type":"hello","key":"${key}"}`,
    `{"type":"hello","key":"${key}","version":{}}`,
    `{"type":"hello","key":"short","version":1}`,
    `{"type":"hello","key":"${key}","version":1,"demanded":"3"}`,
    '{"type":"welcome","version":1}',
    '{"type":"welcome","id":0,"mtu":1500,"linkPort":7000,"version":1,"mac":"02:65:6c:00:00:03","network":"10.77.0.0/24"}',
    '{"type":"welcome","id":1,"mtu":1500,"linkPort":70000,"version":1,"mac":"02:65:6c:00:00:03","network":"10.77.0.0/24"}',
    '{"type":"welcome","id":1,"mtu":1500,"linkPort":7000,"version":1,"mac":"zz","network":"10.77.0.0/24"}',
    '{"type":"welcome","id":1,"mtu":1500,"linkPort":7000,"version":1,"mac":"02:65:6c:00:00:03","network":"10.77.0.1/24"}',
    '{"type":"welcome","version":1,"mac":{"toString":1},"network":{"toString":1}}',
  ])('that is none is undefined: %s', (line) => {
    expect(decodeJoinMessage(line)).toBeUndefined();
  });

  it('has no text that would move the cursor of a terminal or begin a line', () => {
    const text = 'a\u001b[2J\nb\u202ec';
    const clean = 'a?[2J?b?c';
    const messages = [
      { type: 'refusal', reason: text },
      { type: 'wait', reason: text },
      { type: 'kicked', reason: text },
      { type: 'renamed', name: text },
      { type: 'state', guest: text },
      { type: 'hello', version: 1, software: text, host: text, name: text },
      { type: 'hello', version: text, software: text },
    ];
    for (const message of messages) {
      const decoded = JSON.stringify(decodeJoinMessage(JSON.stringify(message)));
      expect(decoded).toContain(clean);
      expect(decoded).not.toMatch(/\\[un]|\u202e/);
    }
  });

  it.each([
    ['{"type":"hello","version":2,"software":"9.0","key":7}', { type: 'other-version', of: 'hello', version: '2', software: '9.0' }],
    ['{"type":"welcome","version":"3"}', { type: 'other-version', of: 'welcome', version: '3' }],
    ['{"type":"constructor"}', { type: 'unknown' }],
    ['{"type":"shout","text":"later"}', { type: 'unknown' }],
  ])('of a later version is known as such: %s', (line, message) => {
    expect(decodeJoinMessage(line)).toEqual(message);
  });

  it('that is anything at all never throws', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom({ toString: 1 }, { valueOf: null }, ['x'], { length: 3 }));
    const type = fc.constantFrom('hello', 'welcome', 'refusal', 'alive');
    const names = ['reason', 'retry', 'key', 'demanded', 'last', 'id', 'mac', 'address', 'network', 'mtu', 'linkPort'];
    const message = fc.record({ type, version: fc.constant(1), ...Object.fromEntries(names.map((name) => [name, value])) });
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      message.map((fields) => JSON.stringify(fields)),
    );
    fc.assert(fc.property(line, (text) => void decodeJoinMessage(text)));
  });
});
