import {
  FrameDecoder,
  maxStreamFrame,
  qemuFraming,
  vdeFraming,
  writeFrame,
  type Framing,
  type StreamFault,
} from '../../../src/ports/pure/frame-stream.ts';
import { StreamBeginning } from '../../../src/ports/pure/stream-text.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, octetsOf, type Target, type Trial } from '../target.ts';

/** Frames in streams, split anywhere. The first octet of an input says how it is split. */
export const streamTargets: readonly Target[] = [streamTarget('stream', vdeFraming), streamTarget('qemu-stream', qemuFraming)];

function streamTarget(name: string, framing: Framing): Target {
  const frames = (decodePcap(fixture('wire/stations.pcap'))?.records ?? []).map(({ frame }) => frame);
  return {
    name,
    seeds: () => [
      Uint8Array.of(1, ...streamOf(framing, frames.slice(0, 3))),
      Uint8Array.of(64, ...streamOf(framing, frames.slice(2, 4))),
      Uint8Array.of(130, ...streamOf(framing, [frames[0] ?? new Uint8Array(1)])),
      Uint8Array.of(131, ...vdeFraming.greeting, ...streamOf(framing, [new Uint8Array(20)])),
      Uint8Array.of(200, ...vdeFraming.greeting, ...streamOf(framing, frames.slice(0, 2))),
      Uint8Array.of(3, ...octetsOf('# maintenance tonight\n'), ...streamOf(framing, frames.slice(0, 3))),
      Uint8Array.of(5, ...octetsOf('ok\n'), ...vdeFraming.greeting, ...streamOf(framing, frames.slice(0, 1))),
      Uint8Array.of(7, ...octetsOf('═ été ═\n'), ...streamOf(framing, [jumbo])),
      Uint8Array.of(11, ...streamOf(framing, [jumbo])),
      Uint8Array.of(9, ...streamOf(framing, [new Uint8Array(1), new Uint8Array(300).fill(7), new Uint8Array(9_234).fill(9)])),
    ],
    words: () => [
      new Uint8Array(framing.lengthSize),
      vdeFraming.greeting,
      octetsOf('# '),
      octetsOf('\n'),
      Uint8Array.of(0, 0, 0xff, 0xff).subarray(4 - framing.lengthSize),
      Uint8Array.of(0, 0, 0x24, 0x12).subarray(4 - framing.lengthSize),
      Uint8Array.of(0, 1, 0x10, 0).subarray(4 - framing.lengthSize),
    ],
    open: () => ({ take: (input) => take(framing, input) }) satisfies Trial,
  };
}

function take(framing: Framing, input: Uint8Array): void {
  const stream = input.subarray(1);
  const expected = takenApart(framing, stream);
  let frames = 0;
  const decoder = new FrameDecoder(framing, (frame) => {
    const [start, end] = expected.frames[frames++] ?? [0, 0];
    must(Buffer.compare(frame, stream.subarray(start, end)) === 0, () => `frame ${frames} is what was put in, from ${start} to ${end}`);
  });
  let wrong: number | undefined;
  for (const [from, end] of pieces(stream.length, input[0] ?? 0)) {
    wrong ??= push(decoder, stream.subarray(from, end))?.length;
    must(
      decoder.rest.length < framing.lengthSize + Math.max(maxStreamFrame, framing.receivable),
      () => 'what is kept is less than a frame',
    );
  }
  must(frames === expected.frames.length, () => `${frames} frames came out, of ${expected.frames.length}`);
  must(wrong === expected.wrong, () => `the length that makes no sense is ${String(expected.wrong)}, and not ${String(wrong)}`);
}

/**
 * Finds the frames of a stream by the format's drawing: read at once, by other code than the tested one. The tested code is asked for the
 * place of the first frame behind text, for the whole stream.
 */
function takenApart(framing: Framing, stream: Uint8Array): { frames: [number, number][]; wrong?: number } {
  const { lengthSize, receivable, greeting } = framing;
  const view = Buffer.from(stream.buffer, stream.byteOffset, stream.length);
  const frames: [number, number][] = [];
  const beginning = beginningOf(framing, view);
  if (beginning.is === 'undecided') return { frames };
  const begin = beginning.at;
  if (beginning.is === 'nonsense') return { frames, wrong: view.readUIntBE(begin, Math.min(2, view.length - begin)) };
  let limit = receivable;
  for (let at = begin; at + lengthSize <= stream.length;) {
    const length = view.readUIntBE(at, lengthSize);
    if (length > limit) return { frames, wrong: length };
    at += lengthSize;
    if (at + length > stream.length) break;
    if (length > 0) frames.push([at, at + length]);
    at += length;
    if (greeting.length > 0 && frames.length === 0 && at - begin >= greeting.length) limit = maxStreamFrame;
  }
  return { frames };
}

/** Judges the beginning of a stream. The first frame of an IPv4 station, and octets with a short length, must not be taken for text. */
function beginningOf({ skipsText, receivable }: Framing, view: Buffer): ReturnType<StreamBeginning['judge']> {
  if (!skipsText) return { is: 'frames', at: 0 };
  const beginning = new StreamBeginning(receivable).judge(view, 0, view.length);
  const length = view.length < 2 ? 0 : view.readUInt16BE();
  const isIpv4 = view.length >= 16 && view.readUInt16BE(14) === 0x0800 && ((view[8] ?? 1) & 1) === 0;
  if (length < 0x0700 || (isIpv4 && length <= receivable)) must(beginning.is !== 'frames' || beginning.at === 0, () => 'a frame is text');
  return beginning;
}

/** A frame whose length and addresses can be read as text. */
const jumbo = Uint8Array.from({ length: 0x2336 }, (_, i) => (i < 12 ? 0x52 : i === 12 ? 0x08 : i === 13 ? 0 : i & 0xff));

/** Pushes octets as a receiver does: behind the remainder, in memory that is overwritten afterwards. */
function push(decoder: FrameDecoder, octets: Uint8Array): StreamFault | undefined {
  const end = 3 + decoder.rest.length + octets.length;
  memory.set(decoder.rest, 3);
  memory.set(octets, 3 + decoder.rest.length);
  const wrong = decoder.decode(memory, 3, end);
  memory.fill(0xa5, 3, end);
  return wrong;
}

/** Holds the remainder of one input, and more of it. */
const memory = new Uint8Array(2 ** 16);

function* pieces(length: number, split: number): Generator<[number, number]> {
  for (let from = 0, turn = split, end; from < length; from = end) {
    turn = (turn * 73 + 41) & 0xff;
    // In a long stream there are not so many borders: all octets before each are copied.
    end = Math.min(length, from + 1 + (split < 128 ? turn : turn & 15) + (length >> 5));
    yield [from, end];
  }
}

function streamOf({ lengthSize }: Framing, frames: readonly Uint8Array[]): Uint8Array {
  const memory = new Uint8Array(frames.reduce((size, frame) => size + lengthSize + frame.length, 0));
  frames.reduce((at, frame) => writeFrame(memory, at, frame, lengthSize), 0);
  return memory;
}
