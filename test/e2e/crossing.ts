import { expect } from 'vitest';
import { VdeStation, senderOf } from './vde-station.ts';
import { until } from './stage.ts';

/** How many frames are on their way at a time, in each direction: what the original's plugs and switches hold without loss. */
const usualWindow = 40;

/** Two stations, on switches that something between them is to join. */
export class Crossing implements Disposable {
  readonly #ends: readonly [VdeStation, VdeStation];

  private constructor(ends: readonly [VdeStation, VdeStation]) {
    this.#ends = ends;
  }

  /** Plugs a station into each of the switches. */
  static async between(left: string, right: string): Promise<Crossing> {
    return new Crossing([await VdeStation.plug(left), await VdeStation.plug(right)]);
  }

  /** Waits until frames go both ways; `running` is asked whether that can still be. */
  async joined(): Promise<void> {
    const heard = new Set<VdeStation>();
    await until(
      'the switches are joined',
      () => {
        for (const [i, station] of this.#ends.entries()) {
          const other = this.#ends[1 - i];
          if (station.take().some((frame) => senderOf(frame) === other?.number)) heard.add(station);
          station.send([station.frame('all', 0xffff_ffff)]);
        }
        return heard.size === 2;
      },
      20_000,
    );
    this.#quiet();
  }

  /** Sends so many frames of that size from each side to the other, in bursts in both directions at once, and checks that each came, whole and in order. */
  exchange(count: number, size: number, window = usualWindow): void {
    for (let from = 0; from < count; from += window) {
      const serials = Array.from({ length: Math.min(window, count - from) }, (_, i) => from + i);
      const bursts = this.#ends.map((station, i) => serials.map((serial) => filled(station, this.#ends[1 - i], serial, size)));
      for (const [i, station] of this.#ends.entries()) station.send(bursts[i] ?? []);
      for (const [i, station] of this.#ends.entries()) {
        const wanted = bursts[1 - i] ?? [];
        const heard: Uint8Array[] = [];
        while (heard.length < wanted.length) {
          station.awaitFrame();
          heard.push(...station.take());
        }
        expect(heard.map(hex)).toEqual(wanted.map(hex));
      }
    }
  }

  [Symbol.dispose](): void {
    for (const station of this.#ends) station.unplug();
  }

  /** Reads the probes that are still on their way: until a last one has come through. */
  #quiet(): void {
    for (const [i, station] of this.#ends.entries()) {
      station.send([station.frame('all', 0)]);
      const other = this.#ends[1 - i];
      other?.hear((frame) => senderOf(frame) === station.number && hex(frame) === hex(station.frame('all', 0)));
    }
  }
}

function filled(station: VdeStation, to: VdeStation | undefined, serial: number, size: number): Uint8Array {
  const frame = station.frame(to?.number ?? 'all', serial, size);
  for (let i = 18; i < size; i++) frame[i] = (i * 7 + serial) % 251;
  return frame;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
