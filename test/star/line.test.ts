import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLine, parseLine, parsePlace } from '../../src/star/line.ts';

const letters = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz234567')), minLength: length, maxLength: length });

const joinLine = fc.record({
  host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  pin: letters(32),
  nextPin: fc.option(letters(32), { nil: undefined }),
  token: fc.record({ id: letters(8), secret: letters(26) }),
});

const pin = 'abcdefghijklmnopqrstuvwxyz234567';
const secret = 'abcdefghijklmnopqrstuvwxyz';
const whole = `[fe80::1%eth0]:7378/${pin}.abcd2345.${secret}`;

describe('a line to join by', () => {
  it('is read as it was written, whatever a chat did to its white space', () => {
    const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r\n', '\t', '\u200b', '\u00a0'), maxLength: 3 });
    fc.assert(
      fc.property(
        joinLine,
        fc.array(fc.tuple(fc.nat(90), space)),
        fc.constantFrom('', 'etherloom join ', '  etherloom  join\n'),
        (value, breaks, before) => {
          let text = formatLine(value);
          expect(text).toMatch(/^[A-Za-z0-9._:/-]+$/);
          for (const [at, white] of breaks) text = text.slice(0, at) + white + text.slice(at);
          expect(parseLine(before + text)).toEqual(value);
        },
      ),
    );
  });

  it('may have an IPv6 host in brackets, and capitals', () => {
    expect(parseLine(whole.replace(pin, pin.toUpperCase()))).toEqual({
      host: 'fe80::1%eth0',
      port: 7378,
      pin,
      token: { id: 'abcd2345', secret },
    });
    expect(parseLine(`::1:7378/${pin}.abcd2345.${secret}`).host).toBe('::1');
  });

  it.each([
    ['', 'it is empty'],
    [secret, 'it has no "/"'],
    [`host/${pin}.abcd2345.${secret}`, 'no ":" before the port'],
    [`host:0/${pin}.abcd2345.${secret}`, 'not a number from 1 to 65535'],
    [`host:65536/${pin}.abcd2345.${secret}`, 'not a number from 1 to 65535'],
    [`:7378/${pin}.abcd2345.${secret}`, 'no host before the port'],
    [`a,b:7378/${pin}.abcd2345.${secret}`, 'a character that no name or address has'],
    [`host:7378/${pin}.${secret}`, '2 parts stand after "/"'],
    [`host:7378/${pin}.${pin}.${pin}.abcd2345.${secret}`, '5 parts stand after "/"'],
    [`host:7378/${pin}.${pin.slice(1)}.abcd2345.${secret}`, 'its second pin has 31 letters instead of 32'],
    [`host:7378/${pin}a.abcd2345.${secret}`, 'its pin has 33 letters instead of 32'],
    [`host:7378/${pin}.abcd234.${secret}`, "its token's id has 7 letters instead of 8"],
    [`host:7378/${pin}.abcd2345.${secret.slice(1)}`, 'its secret has 25 letters instead of 26'],
    [`host:7378/${pin}.abcd2345.${secret.replace('l', '1')}`, 'its secret has a character other than a-z and 2-7'],
  ])('is refused with its fault: %s', (text, fault) => {
    expect(() => parseLine(text)).toThrow(fault);
  });

  it('is never shown by an error, even in part', () => {
    fc.assert(
      fc.property(joinLine, fc.nat(120), fc.string({ maxLength: 3 }), fc.nat(3), (value, at, put, cut) => {
        const text = formatLine(value);
        try {
          parseLine(text.slice(0, at) + put + text.slice(at + cut));
        } catch (error) {
          const { message } = error as Error;
          for (let from = 0; from + 6 <= value.token.secret.length; from++)
            expect(message).not.toContain(value.token.secret.slice(from, from + 6));
        }
      }),
    );
  });

  it('is any text, without another error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseLine(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-option' });
        }
      }),
    );
  });
});

describe('a place', () => {
  it('has its port behind the last colon', () => {
    expect(parsePlace('fd00::7:7378')).toEqual({ host: 'fd00::7', port: 7378 });
    expect(parsePlace('host:1')).toEqual({ host: 'host', port: 1 });
  });
});
