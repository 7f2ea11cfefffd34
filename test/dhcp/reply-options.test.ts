import { expect, test } from 'vitest';
import { encodeText, encodeUint16 } from '../../src/dhcp/options.ts';
import { replyOptions, type Offerable } from '../../src/dhcp/reply-options.ts';
import { encodedOptionLength } from '../../src/wire/dhcp.ts';

const leading = new Map([53, 54, 51, 58, 59].map((code) => [code, new Uint8Array(4)]));
const offerable: Offerable = {
  values: new Map([1, 3, 6, 15, 28, 26, 121, 249, 252].map((code) => [code, new Uint8Array(4)])),
  always: new Set(),
};
const codes = (asked: Readonly<Record<number, Uint8Array>>, offer = offerable, mtu = 1500): readonly number[] => [
  ...replyOptions(leading, offer, new Map(Object.entries(asked).map(([code, value]) => [Number(code), value])), mtu).keys(),
];

test('the options of the request list come in its order, each once, none that is not configured', () => {
  expect(codes({ 55: Uint8Array.of(28, 121, 28, 53, 0, 255, 2, 1, 3, 249) })).toEqual([53, 54, 51, 58, 59, 28, 121, 1, 3, 249]);
});

test('a client that wishes for nothing gets mask, router, DNS server, domain and broadcast address', () => {
  expect(codes({})).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 28]);
  expect(codes({ 55: new Uint8Array(0) })).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 28]);
});

test('the mask comes before the router, whatever the order of the list', () => {
  expect(codes({ 55: Uint8Array.of(3, 1) })).toEqual([53, 54, 51, 58, 59, 1, 3]);
});

test('what goes out always comes after what was asked for', () => {
  expect(codes({ 55: Uint8Array.of(252, 1) }, { ...offerable, always: new Set([252, 26]) })).toEqual([53, 54, 51, 58, 59, 252, 1, 26]);
});

test('an MTU that changes is the one of this reply, and only for those who ask', () => {
  const changing = { values: new Map(), always: new Set<number>(), mtuChanges: true };
  const asked = new Map([[55, Uint8Array.of(26)]]);
  expect(replyOptions(new Map(), changing, asked, 1400).get(26)).toEqual(encodeUint16(1400));
  expect(replyOptions(new Map(), changing, new Map(), 1400).has(26)).toBe(false);
});

test("the client's identifier comes back last, unchanged", () => {
  const identifier = Uint8Array.of(255, 1, 2, 3);
  const asked = new Map([[61, identifier]]);
  expect([...replyOptions(leading, offerable, asked, 1500)].at(-1)).toEqual([61, identifier]);
});

test('a list of every code gets what there is, once', () => {
  const all = Uint8Array.from({ length: 255 }, (_, code) => code);
  expect(codes({ 55: all })).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 26, 28, 121, 249, 252]);
});

test.each([
  [undefined, 1500, 576],
  [0, 1500, 576],
  [575, 1500, 576],
  [600, 1500, 600],
  [1472, 1500, 1472],
  [65_535, 1500, 1500],
  [1472, 1000, 1000],
])('with a maximum size of %s on an MTU of %i the datagram has at most %i octets', (size, mtu, limit) => {
  const values = new Map(Array.from({ length: 80 }, (_, n) => [150 + n, encodeText('x'.repeat(n))]));
  const asked = new Map<number, Uint8Array>([[55, Uint8Array.from(values.keys())]]);
  if (size !== undefined) asked.set(57, encodeUint16(size));
  const options = replyOptions(leading, { values, always: new Set() }, asked, mtu);
  const length = [...options.values()].reduce((sum, value) => sum + encodedOptionLength(value), 0);
  expect(28 + 240 + length + 1).toBeLessThanOrEqual(limit);
  expect(28 + 240 + length + 1).toBeGreaterThan(limit - 85);
});

test('what is left out is the least important; type, server and time never are', () => {
  const large = new Uint8Array(120);
  const values = new Map([1, 3, 6, 252, 121, 15].map((code) => [code, large]));
  const options = replyOptions(leading, { values, always: new Set() }, new Map([[55, Uint8Array.of(252, 121, 15, 6, 3, 1)]]), 1500);
  expect([...options.keys()]).toEqual([53, 54, 51, 1, 3]);
  const huge = replyOptions(leading, { values: new Map([[1, new Uint8Array(400)]]), always: new Set() }, new Map(), 1500);
  expect([...huge.keys()]).toEqual([53, 54, 51]);
});
