import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { load } from '../../src/system/openssl.ts';
import { TlsContext } from '../../src/system/tls-context.ts';
import { newIdentity, protocol } from './tls-stage.ts';

describe('the OpenSSL inside node', () => {
  it('is named, with the way out, if it lacks a function', () => {
    const declare = (prototype: string): unknown => {
      if (prototype.includes('SSL_key_update')) throw new Error("Cannot find function 'SSL_key_update' in shared library");
      return () => 0x3000_0130;
    };
    const message = `cannot use the TLS of OpenSSL in ${process.execPath} (Node ${process.versions.node}): Cannot find function 'SSL_key_update' in shared library; run etherloom by a Node from nodejs.org, which exports it`;
    expect(() => load(declare)).toThrow(expect.objectContaining({ code: 'not-supported', message }) as Error);
  });

  it('is not used if it is older than 3.0', () => {
    expect(() => load(() => () => 0x1010_117f)).toThrow(/its OpenSSL is 0x1010117f, older than 3\.0; run etherloom by/);
  });
});

describe('a TLS context', () => {
  it('is not made of a damaged identity, and does not ask for a password', () => {
    const [good, other] = [newIdentity(), newIdentity()];
    const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: 'secret',
    });
    for (const identity of [
      { ...good, key: '' },
      { ...good, certificate: '' },
      { ...good, key: good.key.slice(0, 100) },
      { ...good, key: other.key },
      { ...good, key: encrypted.toString() },
      { ...good, certificate: good.certificate.replace('\nMII', '\nAAA') },
    ]) {
      expect(() => new TlsContext(identity, { alpn: [protocol] })).toThrow(
        expect.objectContaining({ code: 'bad-state', message: expect.stringMatching(/^cannot use the identity: /) as string }) as Error,
      );
    }
  });

  it('makes no more sessions once it is disposed, and its sessions remain', () => {
    const context = new TlsContext(newIdentity(), { alpn: [protocol] });
    using session = context.connect(0, protocol);
    context[Symbol.dispose]();
    context[Symbol.dispose]();
    expect(() => context.connect(0, protocol)).toThrow('a TLS context that makes sessions is open');
    expect(session.spki).toBeUndefined();
  });
});
