import { Host, type HostOptions } from '../../src/host/host.ts';
import { ipv4FromNumber, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../../src/wire/ipv4.ts';
import { macFromNumber, type MacAddress } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

/** 10.0.0.0/24. */
export const network: Ipv4Network = networkOf('10.0.0.0/24');

/** 10.0.0.n. */
export const addressOf = (n: number): Ipv4Address => ipv4FromNumber(0x0a00_0000 + n);

/** Returns the MAC address of host n. */
export const macOf = (n: number): MacAddress => macFromNumber(0x0200_0000_1000 + n);

/** Returns the network in that text. */
export function networkOf(text: string): Ipv4Network {
  const parsed = parseIpv4Network(text);
  if (parsed === undefined) throw new Error(`no network: ${text}`);
  return parsed;
}

/** Hosts on one wire in virtual time. A frame takes a millisecond; its octets are gone when it was heard. */
export class Wire implements Disposable {
  readonly clock = new ManualClock();
  /** All frames, in order. */
  readonly frames: Uint8Array[] = [];
  readonly #ends = new Map<object, (frame: Uint8Array) => void>();
  readonly #hosts: Host[] = [];

  /** Host n: 10.0.0.n, unless `options` say otherwise. */
  host(n: number, options: Partial<HostOptions> = {}): Host {
    const host: Host = new Host({
      clock: this.clock,
      random: { uint32: () => n * 7919 },
      mac: macOf(n),
      send: (frame) => this.send(host, frame),
      ...(options.dhcp === undefined && { ipv4: { address: addressOf(n), network } }),
      ...options,
    });
    this.#hosts.push(host);
    this.plug(host, (frame) => host.receive(frame));
    return host;
  }

  /** Lets `receive` hear what others send. */
  plug(who: object, receive: (frame: Uint8Array) => void): void {
    this.#ends.set(who, receive);
  }

  /** It hears nothing any more. */
  unplug(who: object): void {
    this.#ends.delete(who);
  }

  /** Says a frame to all others. */
  send(from: object, frame: Uint8Array): void {
    this.frames.push(frame.slice());
    this.clock.after(1, () => {
      for (const [who, receive] of [...this.#ends]) {
        if (who === from) continue;
        const borrowed = frame.slice();
        receive(borrowed);
        borrowed.fill(0xa5);
      }
    });
  }

  [Symbol.dispose](): void {
    for (const host of this.#hosts) host[Symbol.dispose]();
  }
}
