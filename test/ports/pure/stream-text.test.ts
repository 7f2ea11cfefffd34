import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, vdeFraming, type SkippedText, type StreamFault } from '../../../src/ports/pure/frame-stream.ts';
import { sameFrames } from '../rig.ts';
import { encodeFrames } from '../stream-stage.ts';

interface Taken {
  readonly frames: Uint8Array[];
  readonly texts: SkippedText[];
  readonly faults: StreamFault[];
}

/** Returns the output for the octets in pieces that are cut at those parts of the whole, followed by the end of the stream. */
function taken(octets: Uint8Array, cuts: readonly number[] = []): Taken {
  const result: Taken = { frames: [], texts: [], faults: [] };
  const decoder = new FrameDecoder(
    vdeFraming,
    (frame) => result.frames.push(frame.slice()),
    (text) => result.texts.push(text),
  );
  let from = 0;
  for (const end of [...cuts.map((part) => Math.floor(part * octets.length)), octets.length].sort((a, b) => a - b)) {
    const memory = Buffer.concat([decoder.rest, octets.subarray(from, end)]);
    const fault = decoder.decode(new Uint8Array(memory), 0, memory.length);
    if (fault) result.faults.push(fault);
    from = end;
  }
  decoder.end();
  return result;
}

/** Returns the results beside exactly those frames; their heads, if they differ. */
function differences({ frames, ...rest }: Taken, expected: readonly Uint8Array[]): object {
  const head = (frame: Uint8Array): string => `${frame.length}: ${Buffer.from(frame.subarray(0, 24)).toString('hex')}`;
  return sameFrames(frames, expected) ? rest : { ...rest, frames: frames.map(head), expected: expected.map(head) };
}

interface FrameLook {
  readonly destination?: readonly number[];
  readonly source?: readonly number[];
  readonly payload?: number;
}

/** Returns a frame of that length with those addresses; what it carries is text if `payload` is. */
function frame(
  length: number,
  etherType: number,
  { destination = [0xff], source = [0x52, 0x54, 0], payload = 0x41 }: FrameLook = {},
): Uint8Array {
  const octets = new Uint8Array(length).fill(payload);
  for (let i = 0; i < 6; i++) octets[i] = destination[i % destination.length] ?? 0;
  for (let i = 0; i < 6; i++) octets[6 + i] = source[i % source.length] ?? 0;
  octets[12] = etherType >>> 8;
  octets[13] = etherType & 0xff;
  return octets;
}

const etherTypes = fc.constantFrom(0x0800, 0x0806, 0x86dd, 0x8100, 0x88cc, 0x88b5);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
const octet = fc.integer({ min: 0, max: 255 });
const address = fc.oneof(
  fc.array(octet, { minLength: 6, maxLength: 6 }),
  fc.constantFrom([0xff], [0x33, 0x33, 0, 1], [0x52, 0x54, 0, 0x12], [0x24, 0x20, 0x52, 0x54, 0x41, 0x42]),
);

/** Returns whether two octets begin a character in UTF-8 that needs two more octets. */
const beginsCharacter = (first: number, second: number): boolean => second >>> 4 === 0xe || (first >>> 3 === 0x1e && second >>> 6 === 0b10);

/** Lengths that can be read as text are as frequent as others. */
const length = fc.oneof(
  fc.integer({ min: 60, max: 9234 }),
  fc.constantFrom(0x2020, 0x2336, 0x2412, 0x0a20, 0x0d0a, 0x0941, 0x1b5b, 0x0741),
);
const realFrame = fc
  .tuple(length, etherTypes, address, address, fc.constantFrom(0x41, 0x45, 0x20, 0, 0xff))
  .map(([length, etherType, destination, [first = 0, ...more], payload]) =>
    frame(length, etherType, { destination, source: [first & 0xfe, ...more], payload }),
  )
  // Eight octets of zero are a greeting: no station has an address like that.
  .filter((octets) => !Buffer.from(octets.subarray(0, 14)).includes(Buffer.alloc(8)))
  // 0x88b5 may end a character in UTF-8 that the source address begins: with printable addresses and content, nothing distinguishes the
  // frame from text.
  .filter((octets) => !(octets[12] === 0x88 && octets[13] === 0xb5 && beginsCharacter(octets[10] ?? 0, octets[11] ?? 0)));
const line = fc
  .string({ unit: fc.constantFrom('a', 'X', '0', ' ', '#', '!', '$', '"', '%', ':', '\t', '-', '=', 'é', '═', '日'), maxLength: 60 })
  .map((text) => `${text}\n`);
const banner = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => new TextEncoder().encode(`motd\n${lines.join('')}`));

describe('a stream of frames that has no text before it', () => {
  it('loses no frame, and none is taken for text, whatever its length, addresses and content, wherever it was split', () => {
    fc.assert(
      fc.property(fc.array(realFrame, { minLength: 1, maxLength: 3 }), cuts, (frames, cuts) => {
        expect(differences(taken(encodeFrames(frames), cuts), frames)).toEqual({ texts: [], faults: [] });
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0x2020, 0x2336, 0x0a0a, 0x2412])('takes a first frame of %i octets of text, and printable addresses, for a frame', (length) => {
    const printable = frame(length, 0x0800, { destination: [0x52, 0x54], source: [0x52, 0x54] });
    expect(taken(encodeFrames([printable]))).toEqual({ frames: [printable], texts: [], faults: [] });
  });

  it('takes a first frame of an EtherType that is in no list for a frame', () => {
    const unknown = frame(0x2336, 0x1234, { destination: [0x52, 0x54, 0, 1, 2, 3] });
    expect(taken(encodeFrames([unknown])).frames).toEqual([unknown]);
    const high = frame(0x2336, 0xa0b0, { destination: [0xaa], source: [0xaa], payload: 0xaa });
    expect(taken(encodeFrames([high])).frames).toEqual([high]);
  });
});

describe('text before the frames', () => {
  it('is skipped, all frames behind it are delivered, and no other, wherever the stream was split', () => {
    fc.assert(
      fc.property(banner, fc.array(realFrame, { minLength: 1, maxLength: 3 }), cuts, (text, frames, cuts) => {
        const came = taken(Buffer.concat([text, encodeFrames(frames)]), cuts);
        expect(differences(came, frames)).toEqual({ texts: [{ text: 'motd', octets: text.length }], faults: [] });
      }),
      { numRuns: 2000 },
    );
  });

  it('does not end within a frame whose octets could be an empty one of LLC', () => {
    const frames = [frame(0x2020, 0x0800, { destination: [0, 14, 0], source: [0xfe], payload: 0 }), frame(60, 0x0800)];
    const { frames: came, texts } = taken(Buffer.concat([Buffer.from('motd\n\n'), encodeFrames(frames)]));
    expect(sameFrames(came, frames)).toBe(true);
    expect(texts).toEqual([{ text: 'motd', octets: 6 }]);
  });

  it.each([
    ['# maintenance tonight\n', '# maintenance tonight'],
    ['ok\n', 'ok'],
    ['\n', ''],
    ['   \n\n', ''],
    ['$ \n!', '$'],
    ['\u001b]0;host\u0007\u001b[1mhello\u001b[0m\r\n', '?]0;host??[1mhello?[0m'],
    ['═══ Willkommen ═══\n', '═══ Willkommen ═══'],
    ['# ═════════════════\n', '# ═════════════════'],
  ])('is told by its first line: %j', (text, told) => {
    const frames = [frame(60, 0x0800), frame(1514, 0x86dd), frame(42, 0x0806, { destination: [0x52, 0x54, 0, 1, 2, 3] })];
    for (const split of [[], Array.from({ length: 200 }, (_, i) => i / 200)]) {
      const { frames: came, texts, faults } = taken(Buffer.concat([Buffer.from(text), encodeFrames(frames)]), split);
      expect([came, texts, faults]).toEqual([frames, [{ text: told, octets: Buffer.byteLength(text) }], []]);
    }
  });

  it('may be in another encoding than ours, where its start is no length', () => {
    const frames = [frame(60, 0x0800)];
    const { frames: came, texts } = taken(Buffer.concat([Buffer.from('Le café est fermé\n', 'latin1'), encodeFrames(frames)]));
    expect(came).toEqual(frames);
    expect(texts).toMatchObject([{ octets: 18 }]);
  });

  it('is followed by a greeting as well as by a frame, and that counts', () => {
    const long = frame(40_000, 0x0800);
    const octets = Buffer.concat([Buffer.from('hello\n'), vdeFraming.greeting, encodeFrames([long])]);
    for (const split of [[], [0.0001], Array.from({ length: 40 }, (_, i) => i / octets.length)]) {
      expect(taken(octets, split).frames).toEqual([long]);
    }
  });

  it('is told when the stream ends, however short it is', () => {
    expect(taken(Buffer.from('no'))).toEqual({ frames: [], texts: [{ text: 'no', octets: 2 }], faults: [] });
    expect(taken(Buffer.from('\n'))).toEqual({ frames: [], texts: [{ text: '', octets: 1 }], faults: [] });
  });

  it('is a fault when there is no end of it, or when no frame follows, and when it comes later', () => {
    const endless = taken(Buffer.alloc(70_000, 'yes\n'));
    expect(endless).toMatchObject({ frames: [], texts: [{ text: 'yes' }], faults: [{ text: 'yes' }] });
    const broken = Buffer.concat([Buffer.from('hello\n'), Buffer.from([0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]);
    expect(taken(broken)).toEqual({ frames: [], texts: [{ text: 'hello', octets: 6 }], faults: [{ length: 5 }] });
    const later = taken(Buffer.concat([encodeFrames([frame(60, 0x0800)]), Buffer.from('Killed\n')]));
    expect(later).toMatchObject({ texts: [], faults: [{ length: 0x4b69, text: 'Killed' }] });
  });
});
