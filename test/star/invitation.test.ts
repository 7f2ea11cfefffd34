import { describe, expect, it } from 'vitest';
import { parseInvitation } from '../../src/star/invitation.ts';

const pin = 'a'.repeat(32);
const rest = `${pin}.bbbbbbbb.${'c'.repeat(26)}`;

describe('an invitation', () => {
  it('is one line, even if a chat has broken it', () => {
    const invitation = { pin, token: { id: 'bbbbbbbb', secret: 'c'.repeat(26) }, places: ['192.0.2.7:7378'] };
    expect(parseInvitation(`192.0.2.7:7378/${rest}\n`)).toEqual(invitation);
    expect(parseInvitation(`192.0.2.7:7378/aaaaaaaaaa\n${rest.slice(10)}`)).toEqual(invitation);
  });

  it('is several lines of one token, whose places are tried in that order', () => {
    const text = `192.0.2.7:7378/${rest}\n\n  etherloom join 2001:db8::7:7378/${rest}\n`;
    expect(parseInvitation(text).places).toEqual(['192.0.2.7:7378', '2001:db8::7:7378']);
  });

  it('is not made of lines of different masters, or of nothing', () => {
    const other = `192.0.2.8:7378/${'d'.repeat(32)}${rest.slice(32)}`;
    expect(() => parseInvitation(`192.0.2.7:7378/${rest}\n${other}\n`)).toThrow('different masters or tokens');
    expect(() => parseInvitation('')).toThrow('it is empty');
    expect(() => parseInvitation('hello')).toThrow('has no "/"');
  });
});
