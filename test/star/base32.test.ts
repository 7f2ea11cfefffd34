import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBase32, isBase32 } from '../../src/star/base32.ts';
import { fingerprintOf, isFingerprint } from '../../src/star/fingerprint.ts';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { hashOfSecret, isSecret, isSecretOf, isTokenId, makeToken } from '../../src/star/token.ts';
import { digest } from './digest.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** The vectors of RFC 4648, 10, in lower case and without padding. */
const vectors = [
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
] as const;

describe('base32', () => {
  it.each(vectors)('of %j is %j', (text, encoded) => {
    expect(encodeBase32(Buffer.from(text))).toBe(encoded);
    expect(isBase32(encoded, encoded.length)).toBe(true);
  });

  it('has one text for each value, from which its bits can be read', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (octets) => {
        const text = encodeBase32(octets);
        expect(isBase32(text, Math.ceil((octets.length * 8) / 5))).toBe(true);
        const bits = Array.from(text, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
        const expected = Array.from(octets, (octet) => octet.toString(2).padStart(8, '0')).join('');
        expect(bits).toBe(expected.padEnd(bits.length, '0'));
      }),
    );
  });

  it.each(['MY', 'm=', 'm1', 'm ', 'mü', 'm'])('of two letters is not %j', (text) => {
    expect(isBase32(text, 2)).toBe(false);
  });
});

describe('a fingerprint', () => {
  it('is the beginning of the hash of a public key', () => {
    // printf spki | sha256sum | xxd -r -p | head -c 20 | base32
    expect(fingerprintOf(Buffer.from('spki'), digest)).toBe('n7xmzdawyvkr3h7lh227o7rnu5z362f5');
    expect(isFingerprint('n7xmzdawyvkr3h7lh227o7rnu5z362f5')).toBe(true);
  });

  it.each(['', 'N7XMZDAWYVKR3H7LH227O7RNU5Z362F5', 'n7xmzdawyvkr3h7lh227o7rnu5z362f', 17, undefined])('is not %j', (text) => {
    expect(isFingerprint(text)).toBe(false);
  });
});

describe('a token', () => {
  it('has an id and a secret, of which the record has the hash alone', () => {
    const { id, secret } = makeToken(seededRandom(1, 'tokens'));
    expect(isTokenId(id) && isSecret(secret)).toBe(true);
    const hash = hashOfSecret(secret, digest);
    expect(hash).toMatch(/^[a-z2-7]{52}$/);
    expect(isSecretOf({ hash }, secret, digest)).toBe(true);
    expect(
      isSecretOf(
        { hash },
        secret.replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a')),
        digest,
      ),
    ).toBe(false);
    expect(isSecretOf({ hash }, '', digest)).toBe(false);
  });
});
