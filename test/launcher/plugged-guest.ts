import { onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { Station } from '../../src/companions/station/station.ts';
import { StationUplink } from '../../src/companions/station/station-uplink.ts';
import { quietLog } from '../../src/log.ts';
import { realRandom } from '../../src/random.ts';
import { formatIpv4, parseIpv4, type Ipv4Address } from '../../src/wire/ipv4.ts';
import type { MacAddress } from '../../src/wire/mac.ts';

/** A guest without a kernel at a switch: its lease, and the pings that were answered. */
export class Guest {
  readonly addresses: string[] = [];
  pings = 0;
  frames: Uint8Array[] = [];
  #waiters = new Set<() => void>();
  #link: StationUplink | undefined;
  #station: Station | undefined;

  async plug(directory: string, mac: MacAddress, peers: readonly Ipv4Address[] = []): Promise<this> {
    const environment = { clock: realClock, log: quietLog, poison: true };
    const receive = (frame: Uint8Array): void => {
      this.frames.push(frame.slice());
      this.#station?.receive(frame);
      this.#changed();
    };
    const link = await StationUplink.open({ directory, description: 'guest', receive, carrier: () => undefined }, environment);
    this.#link = link;
    const station = new Station({
      clock: realClock,
      random: realRandom,
      mac,
      peers,
      send: (frame) => link.send(frame),
      onLease: (lease) => {
        if (lease) this.addresses.push(formatIpv4(lease.address));
        this.#changed();
      },
      onPing: (_peer, milliseconds) => {
        if (milliseconds !== undefined) this.pings++;
        this.#changed();
      },
    });
    this.#station = station;
    onTestFinished(async () => {
      station[Symbol.dispose]();
      await link[Symbol.asyncDispose]();
    });
    return this;
  }

  send(frame: Uint8Array): void {
    this.#link?.send(frame);
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  #changed(): void {
    for (const check of this.#waiters) check();
  }
}

/** Returns the address of a text that is one. */
export function address(text: string): Ipv4Address {
  const parsed = parseIpv4(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}
