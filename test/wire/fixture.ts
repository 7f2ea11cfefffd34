import { readFileSync } from 'node:fs';
import { readUint16 } from '../../src/wire/octets.ts';
import { decodePcap } from '../../src/wire/pcap.ts';

/** Returns the octets of a file under fixtures/. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url)));
}

/** Returns the frame at that place of a capture under fixtures/, counted from 1 as tcpdump and tshark do. */
export function capturedFrame(path: string, place: number): Uint8Array {
  const frame = decodePcap(fixture(path))?.records[place - 1]?.frame;
  if (frame === undefined) throw new Error(`no frame ${place} in ${path}`);
  return frame;
}

/** Returns the frames of a recorded stream under fixtures/, each behind its length in two octets. */
export function streamedFrames(path: string): Uint8Array[] {
  const bytes = fixture(path);
  const frames: Uint8Array[] = [];
  for (let at = 0, length; at < bytes.length; at += 2 + length) {
    length = readUint16(bytes, at);
    frames.push(bytes.slice(at + 2, at + 2 + length));
  }
  return frames;
}
