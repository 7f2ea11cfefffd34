import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frameOf } from '../ports/rig.ts';
import { closing } from './sockets.ts';
import { context, hear, heard, newIdentity, openPair, protocol, sessions, shake, tcpPair, tell } from './tls-stage.ts';

describe('a TLS session', () => {
  it('agrees on keys and the protocol: each end knows the public key of the other', () => {
    const [a, b] = [newIdentity(), newIdentity()];
    const [near, far] = tcpPair();
    const dialling = context({ identity: a }).connect(near, protocol);
    const accepting = context({ identity: b, alpn: ['etherloom/control/1', protocol] }).accept(far);
    expect(dialling.spki).toBeUndefined();
    expect(shake(dialling, accepting)).toEqual(['done', 'done']);
    expect([dialling.alpn, accepting.alpn]).toEqual([protocol, protocol]);
    expect(Buffer.compare(dialling.spki ?? new Uint8Array(), b.spki)).toBe(0);
    expect(Buffer.compare(accepting.spki ?? new Uint8Array(), a.spki)).toBe(0);
    dialling[Symbol.dispose]();
    accepting[Symbol.dispose]();
    accepting[Symbol.dispose]();
    expect(accepting.handshake()).toEqual({ failed: 'it was ended here' });
    expect([hear(dialling), tell(dialling, frameOf(60))]).toEqual(['it was ended here', 'it was ended here']);
  });

  it('carries octets both ways, and an end that is confirmed', async () => {
    const { near, far } = sessions();
    expect(hear(far)).toBe('EAGAIN');
    const octets = frameOf(100_000);
    expect(tell(near, octets)).toBe(octets.length);
    let all = Buffer.alloc(0);
    while (all.length < octets.length) all = Buffer.concat([all, (await heard(far)) as Uint8Array]);
    expect(all.equals(octets)).toBe(true);
    expect(tell(far, frameOf(1))).toBe(1);
    expect(await heard(near)).toEqual(frameOf(1));
    near.end();
    expect(await heard(far)).toBe(0);
    expect(await heard(far)).toBe(0);
  });

  it('takes an end without the end of TLS for a failure', async () => {
    const [near, far] = openPair();
    closing(far);
    const [dialling, accepting] = [context().connect(near, protocol), context().accept(far)];
    shake(dialling, accepting);
    dialling[Symbol.dispose]();
    closeSync(near);
    expect(await heard(accepting)).toBe('the far end ended the connection without the end of TLS');
    accepting[Symbol.dispose]();
  });
});
