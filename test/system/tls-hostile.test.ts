import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/seeded-random.ts';
import { fixedMemory, openssl } from '../../src/system/openssl.ts';
import { StreamMemory } from '../../src/system/stream-socket.ts';
import type { TlsContext } from '../../src/system/tls-context.ts';
import type { TlsSession } from '../../src/system/tls-session.ts';
import type { Fd } from '../../src/system/unix-socket.ts';
import { descriptors, frameOf } from '../ports/rig.ts';
import { context, hear, openUnixPair, protocol, shake, tell } from './tls-stage.ts';

/** The number of links of which an octet is changed: `TLS_FLIPS=2000` for more. */
const flips = Number(process.env['TLS_FLIPS'] ?? 200);
/** The number of handshakes that are left half done: `TLS_HALF_OPEN=10000` for more. */
const halfOpen = Number(process.env['TLS_HALF_OPEN'] ?? 500);
const atOnce = 100;

const memory = new StreamMemory(2 ** 17);

/** Changes octets on their way. `forward` is true from the dialling end to the accepting one. */
type Change = (octets: Uint8Array, forward: boolean) => void;

/** Both ends of a session, and a relay between them. */
class Line implements Disposable {
  readonly near: TlsSession;
  readonly far: TlsSession;
  readonly #fds: readonly [Fd, Fd, Fd, Fd];
  /** The octets that were passed on. */
  passed = 0;

  constructor(dialling: TlsContext, accepting: TlsContext) {
    this.#fds = [...openUnixPair(), ...openUnixPair()];
    this.near = dialling.connect(this.#fds[0], protocol);
    this.far = accepting.accept(this.#fds[3]);
  }

  /** Passes on the octets that wait, in both directions. */
  pass(change: Change = () => undefined): void {
    const [, near, far] = this.#fds;
    for (const [from, to, forward] of [
      [near, far, true],
      [far, near, false],
    ] as const) {
      const count = memory.receive(from, 0, memory.octets.length);
      if (typeof count !== 'number') continue;
      change(memory.octets.subarray(0, count), forward);
      this.passed += count;
      expect(memory.send(to, 0, count)).toBe(count);
    }
  }

  /** Returns how the handshakes ended. */
  shake(change?: Change): readonly unknown[] {
    let states: readonly unknown[] = [];
    for (let turn = 0; turn < 10; turn++) {
      states = [this.near.handshake(), this.far.handshake()];
      this.pass(change);
    }
    return states;
  }

  [Symbol.dispose](): void {
    this.near[Symbol.dispose]();
    this.far[Symbol.dispose]();
    this.#fds.forEach((fd) => closeSync(fd));
  }
}

/** Returns the octets that came, and the reason for their end. */
function hearAll(session: TlsSession): { octets: Buffer; reason: number | string } {
  const parts: Uint8Array[] = [];
  for (;;) {
    const result = hear(session);
    if (!(result instanceof Uint8Array)) return { octets: Buffer.concat(parts), reason: result };
    parts.push(result);
  }
}

/** Returns the memory of this process in use, in octets, when garbage is collected as far as can be told. */
function resident(): number {
  return process.memoryUsage().rss;
}

describe('a TLS session under attack', () => {
  it(`fails, and delivers nothing from there on, when an octet is changed: ${flips} links`, () => {
    const [dialling, accepting] = [context(), context()];
    const random = seededRandom(1);
    expect(shakenWell(dialling, accepting)).toBe(true);
    const before = descriptors();
    for (let link = 0; link < flips; link++) {
      using line = new Line(dialling, accepting);
      expect(line.shake()).toEqual(['done', 'done']);
      const forward = random.uint32() % 2 === 0;
      const [from, to] = forward ? [line.near, line.far] : [line.far, line.near];
      const records = Array.from({ length: 1 + (random.uint32() % 5) }, (_, i) => frameOf(1 + (random.uint32() % 300), i));
      let length = 0;
      for (const record of records) length += tell(from, record) === record.length ? record.length + 22 : NaN;
      const [at, bit] = [random.uint32() % length, 1 << (random.uint32() % 8)];
      let changed = 0;
      line.pass((octets, isForward) => {
        if (isForward !== forward) return;
        expect(octets.length).toBe(length);
        octets[at] = (octets[at] ?? 0) ^ bit;
        changed++;
      });
      expect(changed).toBe(1);
      const { octets, reason } = hearAll(to);
      // The records before the changed one.
      let whole = 0;
      let end = 0;
      for (; end + (records[whole]?.length ?? 0) + 22 <= at; whole++) end += (records[whole]?.length ?? 0) + 22;
      expect(octets.equals(Buffer.concat(records.slice(0, whole)))).toBe(true);
      // A longer length waits for octets that never come, until the end of the connection.
      const waits = reason === 'EAGAIN' && at - end >= 3 && at - end <= 4;
      if (!waits) expect(reason).toMatch(/^TLS failed: /);
      if (!waits) expect(hear(to)).toBe(reason);
    }
    expect(descriptors()).toBe(before);
  });

  it(`fails, or both ends agree, when an octet of the handshake is changed: ${flips} links`, () => {
    const [dialling, accepting] = [context(), context()];
    const random = seededRandom(2);
    const length = lengthOfHandshake(dialling, accepting);
    let failed = 0;
    for (let link = 0; link < flips; link++) {
      const [at, bit] = [random.uint32() % length, 1 << (random.uint32() % 8)];
      using line = new Line(dialling, accepting);
      const [, far] = line.shake((octets) => {
        const offset = at - line.passed;
        if (offset >= 0 && offset < octets.length) octets[offset] = (octets[offset] ?? 0) ^ bit;
      });
      tell(line.near, frameOf(60));
      line.pass();
      const { octets } = hearAll(line.far);
      if (far === 'done') expect(octets.equals(frameOf(60))).toBe(true);
      else expect(octets.length).toBe(0);
      if (far !== 'done') failed++;
    }
    // Only the version in the header of a record is free.
    expect(failed).toBeGreaterThan(flips * 0.9);
  });

  it(`does not crash and does not grow by ${halfOpen} handshakes that are left half done, ${atOnce} at a time`, () => {
    const [dialling, accepting] = [context(), context()];
    expect(shakenWell(dialling, accepting)).toBe(true);
    const before = descriptors();
    const sizes: number[] = [];
    for (let count = 0; count < halfOpen; count += atOnce) {
      const lines = Array.from({ length: atOnce }, () => new Line(dialling, accepting));
      for (const [i, line] of lines.entries()) {
        expect(line.near.handshake()).toBe('needs-octets');
        // Of every other one only a piece of its hello.
        line.pass((octets) => {
          if (i % 2 === 0) octets.fill(0, 40);
        });
        expect(line.far.handshake()).not.toBe('done');
      }
      expect(shakenWell(dialling, accepting)).toBe(true);
      for (const line of lines) line[Symbol.dispose]();
      sizes.push(resident());
    }
    expect(descriptors()).toBe(before);
    expect((sizes.at(-1) ?? NaN) - (sizes[1] ?? NaN)).toBeLessThan(30_000_000);
  });

  it('leaves neither descriptors nor memory behind after 1,000 links', () => {
    const [dialling, accepting] = [context(), context()];
    expect(shakenWell(dialling, accepting)).toBe(true);
    const before = descriptors();
    const run = (links: number): number => {
      for (let link = 0; link < links; link++) expect(shakenWell(dialling, accepting)).toBe(true);
      return resident();
    };
    const first = run(300);
    const last = run(1_000);
    expect(last - first).toBeLessThan(20_000_000);
    expect(descriptors()).toBe(before);
  });

  it('is not told the error of another session, or of other users of OpenSSL', () => {
    using good = new Line(context(), context());
    using bad = new Line(context(), context());
    expect(good.shake()).toEqual(['done', 'done']);
    expect(bad.shake()).toEqual(['done', 'done']);
    tell(bad.near, frameOf(100));
    bad.pass((octets) => octets.fill(7, 40));
    expect(hear(bad.far)).toMatch(/^TLS failed: /);
    expect(hear(good.far)).toBe('EAGAIN');
    // Another user of OpenSSL leaves an error behind.
    const bio = openssl().memoryBio(fixedMemory(new Uint8Array(1)), 1);
    expect(openssl().readCertificate(bio, 0, 0, new Uint8Array(1))).toBe(0);
    openssl().freeBio(bio);
    expect(hear(good.far)).toBe('EAGAIN');
    expect(tell(good.near, frameOf(60))).toBe(60);
    good.pass();
    expect(hear(good.far)).toEqual(frameOf(60));
  });
});

function lengthOfHandshake(dialling: TlsContext, accepting: TlsContext): number {
  using line = new Line(dialling, accepting);
  expect(line.shake()).toEqual(['done', 'done']);
  return line.passed;
}

/** Returns whether a new session carries octets; it is disposed. */
function shakenWell(dialling: TlsContext, accepting: TlsContext): boolean {
  const [a, b] = openUnixPair();
  using near = dialling.connect(a, protocol);
  using far = accepting.accept(b);
  const states = shake(near, far);
  const sent = tell(near, frameOf(60));
  const got = hear(far);
  near.end();
  closeSync(a);
  closeSync(b);
  return states.every((state) => state === 'done') && sent === 60 && got instanceof Uint8Array && Buffer.compare(got, frameOf(60)) === 0;
}
