import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNodeKey } from '../../src/star/node-key.ts';
import { decodeRoster } from '../../src/star/old-roster.ts';

const key = (n: number): string => n.toString(16).padStart(32, '0');

describe('the text of a roster of version 0.2.0', () => {
  it('holds each key with its id', () => {
    expect(decodeRoster(`{"version":1,"nodes":{"${key(1)}":7,"${key(2)}":1}}`)).toEqual(
      new Map([
        [key(1), 7],
        [key(2), 1],
      ]),
    );
  });

  it.each([
    ['no JSON', '{"version":1,'],
    ['another version', '{"version":2,"nodes":{}}'],
    ['no nodes', '{"version":1}'],
    ['a bad key', '{"version":1,"nodes":{"x":1}}'],
    ['a bad id', `{"version":1,"nodes":{"${key(1)}":0}}`],
    ['one id twice', `{"version":1,"nodes":{"${key(1)}":1,"${key(2)}":1}}`],
  ])('with %s is damaged', (_what, text) => {
    expect(decodeRoster(text)).toBeUndefined();
  });

  it('that is anything at all never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodeRoster(text)));
    fc.assert(fc.property(fc.anything(), (value) => void isNodeKey(value)));
  });
});
