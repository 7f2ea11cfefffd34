import { readFileSync } from 'node:fs';
import { decodePcap } from '../../src/wire/pcap.ts';

/** The octets of a file under fixtures/. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url)));
}

/** The frame at that place of a capture under fixtures/, counted from 1 as tcpdump and tshark do. */
export function capturedFrame(path: string, place: number): Uint8Array {
  const frame = decodePcap(fixture(path))?.records[place - 1]?.frame;
  if (frame === undefined) throw new Error(`no frame ${place} in ${path}`);
  return frame;
}
