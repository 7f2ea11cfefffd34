import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import type { TlsSession } from '../../src/system/tls-session.ts';
import { frameOf } from '../ports/rig.ts';
import { closing } from './sockets.ts';
import { context, hear, heard, newIdentity, openUnixPair, protocol, sessions, shake, unixPair, tell } from './tls-stage.ts';

describe('a TLS session', () => {
  it('agrees on keys and the protocol: each end knows the public key of the other', () => {
    const [a, b] = [newIdentity(), newIdentity()];
    const [near, far] = unixPair();
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
    const [near, far] = openUnixPair();
    closing(far);
    const [dialling, accepting] = [context().connect(near, protocol), context().accept(far)];
    shake(dialling, accepting);
    dialling[Symbol.dispose]();
    closeSync(near);
    expect(await heard(accepting)).toBe('the far end ended the connection without the end of TLS');
    accepting[Symbol.dispose]();
  });

  it('gives what has room, and says that more waits in OpenSSL', () => {
    const { near, far } = sessions();
    expect(tell(near, frameOf(50_000))).toBe(50_000);
    const parts: Uint8Array[] = [];
    while (parts.length < 3) {
      expect(far.pending).toBe(parts.length > 0);
      parts.push(hear(far, 20_000) as Uint8Array);
    }
    expect(parts.map(({ length }) => length)).toEqual([20_000, 20_000, 10_000]);
    expect(Buffer.concat(parts).equals(frameOf(50_000))).toBe(true);
    expect([far.pending, hear(far)]).toEqual([false, 'EAGAIN']);
  });

  it('keeps the octets that came before a failure or an end', () => {
    const { near, far } = sessions();
    tell(near, frameOf(100));
    near.end();
    expect(hear(far)).toEqual(frameOf(100));
    expect([far.pending, hear(far)]).toEqual([true, 0]);
  });

  it(
    'changes its sending key after so many records, in the middle of a full load in both directions',
    { timeout: 20_000 + records / 10 },
    () => {
      const { near, far } = sessions(context({ keyUpdateAfter }), context({ keyUpdateAfter }));
      const flows = [new Flow(near, far), new Flow(far, near)];
      // Each side sends until there is no room, and only then does the other receive.
      while (flows.some(({ got }) => got < records)) {
        for (const flow of flows) flow.sendAll();
        for (const flow of flows) flow.receiveAll();
      }
      expect(flows.map(({ sent }) => sent >= records)).toEqual([true, true]);
      for (const { keyUpdates } of [near, far]) {
        // It waits until there is room.
        expect(keyUpdates).toBeGreaterThanOrEqual(Math.ceil(Math.floor(records / keyUpdateAfter) * 0.75));
        expect(keyUpdates).toBeLessThanOrEqual(records / keyUpdateAfter + 1);
      }
    },
  );
});

/** The records of each direction: `TLS_RECORDS=9000000` for more than one key at the bound of use. */
const records = Number(process.env['TLS_RECORDS'] ?? 20_000);
const keyUpdateAfter = records < 2 ** 23 ? 2 ** 10 : 2 ** 23;

/** Records of a number each, in one direction. */
class Flow {
  sent = 0;
  got = 0;
  readonly #from: TlsSession;
  readonly #to: TlsSession;
  readonly #memory = new StreamMemory(65_536);
  readonly #view = new DataView(this.#memory.octets.buffer);

  constructor(from: TlsSession, to: TlsSession) {
    this.#from = from;
    this.#to = to;
  }

  sendAll(): void {
    for (; this.sent < records; this.sent++) {
      this.#view.setUint32(0, this.sent);
      const result = this.#memory.sendTo(this.#from, 0, 60);
      if (result === 'EAGAIN') return;
      if (result !== 60) throw new Error(`record ${this.sent} is not sent: ${String(result)}`);
    }
  }

  receiveAll(): void {
    for (;;) {
      const result = this.#memory.receiveFrom(this.#to, 0, 60_000);
      if (result === 'EAGAIN') return;
      expect(Number(result) % 60).toBe(0);
      for (let at = 0; at < Number(result); at += 60) {
        if (this.#view.getUint32(at) !== this.got++) throw new Error(`record ${this.got - 1} is not in its place`);
      }
    }
  }
}
