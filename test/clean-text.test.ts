import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText } from '../src/clean-text.ts';

describe('text of others', () => {
  it.each([
    ['is left as it is', 'host-7 (Ubuntu) "ä€漢🙂": 100 %', 'host-7 (Ubuntu) "ä€漢🙂": 100 %'],
    ['has no escape sequence', '\u001b]0;title\u0007\u001b[2Jred', '?]0;title??[2Jred'],
    ['has no control sequence of one character', 'a\u009b31mb\u0085c\u007f', 'a?31mb?c?'],
    ['begins no line', 'a\nb\r\nc\u2028d\u2029e\u000bf\u000cg', 'a?b??c?d?e?f?g'],
    ['turns no text around', 'a\u202eb\u2066c\u200fd\u061ce', 'a?b?c?d?e'],
    ['hides nothing', 'a\u200bb\u00adc\ufeffd\u{e0041}e\0f', 'a?b?c?d?e?f'],
    ['has no half of a character', 'a\ud800b\udc00c', 'a?b?c'],
  ])('%s', (_what, text, shown) => {
    expect(cleanText(text)).toBe(shown);
  });

  it('ends where it may be no longer, without half a character there', () => {
    expect(cleanText('x'.repeat(200))).toBe('x'.repeat(200));
    expect(cleanText('x'.repeat(1_000_000))).toBe(`${'x'.repeat(199)}…`);
    expect(cleanText('abcde', 4)).toBe('abc…');
    expect(cleanText('ab🙂de', 4)).toBe('ab?…');
  });

  it('is printable whatever it was, and is not changed again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (text, most) => {
        const shown = cleanText(text, most);
        expect(shown.length).toBeLessThanOrEqual(most);
        expect(shown).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u);
        expect(cleanText(shown, most)).toBe(shown);
      }),
    );
  });
});
