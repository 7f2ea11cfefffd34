import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StateDirectory } from '../../../src/daemon/state-directory.ts';
import { identityFile, newIdentity, openIdentity, readIdentity, replaceIdentity } from '../../../src/star/node/identity-files.ts';

/** Returns a new state directory. */
function newState(): StateDirectory {
  const path = mkdtempSync(join(tmpdir(), 'identity-'));
  const state = StateDirectory.open(path);
  onTestFinished(async () => {
    await state[Symbol.asyncDispose]();
    rmSync(path, { recursive: true, force: true });
  });
  return state;
}

describe('the identity of a node', () => {
  it('is made once, in a file for its user alone, and is the same at each later start', async () => {
    const state = newState();
    // The rest of a write that failed, which others could read.
    writeFileSync(state.in(`${identityFile}.next`), '', { mode: 0o666 });
    expect(readIdentity(state)).toBeUndefined();
    const identity = await openIdentity(state);
    expect(statSync(state.in(identityFile)).mode & 0o777).toBe(0o600);
    expect(await openIdentity(state)).toEqual(identity);
    expect(readIdentity(state)).toEqual(identity);
  });

  it('is known by the first 160 bits of the hash of its public key, in base32', async () => {
    const { certificate, fingerprint } = await newIdentity();
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    const bits = [...createHash('sha256').update(spki).digest()]
      .map((octet) => octet.toString(2).padStart(8, '0'))
      .join('')
      .slice(0, 160);
    const letters = bits.match(/.{5}/g)?.map((five) => 'abcdefghijklmnopqrstuvwxyz234567'.charAt(parseInt(five, 2)));
    expect(fingerprint).toBe(letters?.join(''));
  });

  it('has a certificate that others can read and verify: without a name of its own, and valid for ever', async () => {
    for (let made = 0; made < 20; made++) {
      const certificate = new X509Certificate((await newIdentity()).certificate);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect([certificate.subject, certificate.issuer]).toEqual(['CN=etherloom', 'CN=etherloom']);
      expect([certificate.validFrom, certificate.validTo]).toEqual(['Jan  1 00:00:00 2000 GMT', 'Dec 31 23:59:59 9999 GMT']);
      expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    }
  });

  it('is not used if its file is damaged, and the message says how to go on', async () => {
    const state = newState();
    await openIdentity(state);
    const good = readFileSync(state.in(identityFile), 'utf8');
    const other = await newIdentity();
    const key = good.slice(0, good.indexOf('-----BEGIN CERT'));
    for (const text of [
      '',
      key,
      good.slice(key.length),
      good.slice(0, -30),
      good.replace(/\n[A-Za-z0-9]{4}/, '\nAAAA'),
      key + other.certificate,
      good + good,
    ]) {
      await state.write(identityFile, text);
      expect(() => readIdentity(state), text).toThrow(/cannot use .*identity\.pem: .*; restore it from a backup, or remove it/);
      await expect(openIdentity(state)).rejects.toMatchObject({ code: 'bad-state' });
    }
    const { fingerprint } = await replaceIdentity(state);
    expect(readIdentity(state)?.fingerprint).toBe(fingerprint);
  });
});
