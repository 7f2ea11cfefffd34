import { describe, expect, it, onTestFinished } from 'vitest';
import { newPortCounters, type Breath, type Port, type Receiver } from '../../src/ports/pure/port.ts';
import type { Stations } from '../../src/plane/stations.ts';
import { addTag, vid } from '../../src/wire/dot1q.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';

/** A port that keeps what leaves by it, by flush; `failing` makes its next flush throw. */
export class NotedPort implements Port {
  readonly module = 'noted';
  readonly description = 'noted';
  readonly counters = newPortCounters();
  readonly flushes: Uint8Array[][] = [];
  receiver: Receiver | undefined;
  failing: Error | undefined;
  #taken: Uint8Array[] = [];

  attach(receiver: Receiver): void {
    this.receiver = receiver;
    receiver.carrier(true);
  }

  transmit(frame: Uint8Array): void {
    this.#taken.push(frame.slice());
  }

  flush(): void {
    const { failing } = this;
    this.failing = undefined;
    if (failing) throw failing;
    this.flushes.push(this.#taken);
    this.#taken = [];
  }

  enable(): void {
    // A plane only passes it on.
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** An owner of breaths under test, with one way out or several. */
export interface Breathing {
  readonly breath: Breath;
  /** Calls at the end of a breath; left out where only the owner's own port can lend memory. */
  readonly release?: (done: () => void) => void;
  /** Hands a frame to each way out. For use inside a breath. */
  send(frame: Uint8Array): void;
  /** Returns the flushes of each way out so far. */
  readonly flushes: () => readonly number[];
  /** Makes the next flush of the first way out throw. */
  fail(error: Error): void;
}

/** Returns a broadcast without a tag. */
export function broadcastOf(size = 60): Uint8Array {
  return encodeEthernet({
    destination: broadcastMac,
    source: macFromNumber(0x0200_0000_00aa),
    etherType: 0x88b5,
    payload: new Uint8Array(size - 14),
  });
}

/** Checks the breaths of everything that carries frames. */
export function breathes(name: string, open: () => Breathing | Promise<Breathing>): void {
  describe(`the breaths of ${name}`, () => {
    it('flush each way out once, at the end of the outermost', async () => {
      const { breath, send, flushes } = await open();
      const before = flushes();
      breath(() => {
        send(broadcastOf());
        breath(() => send(broadcastOf()));
        expect(flushes()).toEqual(before);
      });
      expect(flushes()).toEqual(before.map((count) => count + 1));
    });

    it('flush when the work throws, are over then, and pass the error on', async () => {
      const { breath, send, flushes } = await open();
      const before = flushes();
      const failing = (): void => {
        send(broadcastOf());
        throw new Error('of the work');
      };
      expect(() => breath(failing)).toThrow('of the work');
      expect(flushes()).toEqual(before.map((count) => count + 1));
      breath(() => send(broadcastOf()));
      expect(flushes()).toEqual(before.map((count) => count + 2));
    });

    it('flush the others when one flush throws, are over then, and pass the error on', async () => {
      const { breath, send, flushes, fail } = await open();
      const before = flushes();
      fail(new Error('of the flush'));
      expect(() => breath(() => send(broadcastOf()))).toThrow('of the flush');
      expect(flushes()).toEqual(before.map((count, way) => (way === 0 ? count : count + 1)));
      breath(() => send(broadcastOf()));
      expect(flushes()).toEqual(before.map((count, way) => (way === 0 ? count + 1 : count + 2)));
    });
  });
}

/** Checks in addition that ports of others can lend memory for a breath. */
export function lends(name: string, open: () => Required<Breathing>): void {
  breathes(name, open);
  describe(`a lender in a breath of ${name}`, () => {
    it('has its memory back once, after the last flush, also when nothing was sent', () => {
      const { breath, release, send, flushes } = open();
      const [first = 0] = flushes();
      const since = (): number => (flushes()[0] ?? 0) - first;
      const released: number[] = [];
      breath(() => {
        release(() => {
          released.push(since());
          send(broadcastOf());
        });
        send(broadcastOf());
        expect(released).toEqual([]);
      });
      expect(released).toEqual([1]);
      // A frame that a lender sends by itself leaves in the same breath.
      expect(since()).toBe(2);
      breath(() => undefined);
      expect(released).toEqual([1]);
      breath(() => release(() => void released.push(9)));
      expect(released).toEqual([1, 9]);
    });
  });
}

/** A switch under test, with a port that carries all VLANs with their tags. */
export interface Housing {
  readonly breath: Breath;
  readonly add: Stations['add'];
  readonly port: NotedPort;
}

const tagOf = (frame: Uint8Array): number => (frame[12] === 0x81 ? (frame[15] ?? 0) : 0);

/** Checks the stations inside a switch. VLANs 5, 6 and 7 are known to it. */
export function housesStations(name: string, open: () => Housing): void {
  describe(`a station inside ${name}`, () => {
    it('receives the frames of its VLANs, with the tags of all but VLAN 0, and the port that they came in by', () => {
      const { breath, add, port } = open();
      const heard = new Map<string, readonly (readonly [number, number])[]>();
      for (const vlans of [[0], [5], [0, 5, 6]]) {
        const own: (readonly [number, number])[] = [];
        heard.set(vlans.join(), own);
        add({ vlans: vlans.map(vid), receive: (frame, ingress) => void own.push([tagOf(frame), ingress]) });
      }
      breath(() => {
        for (const one of [0, 5, 6, 7]) port.receiver?.receive(one === 0 ? broadcastOf() : addTag(broadcastOf(), vid(one)));
      });
      const ingress = heard.get('0')?.[0]?.[1] ?? NaN;
      expect(heard).toEqual(
        new Map([
          ['0', [[0, ingress]]],
          ['5', [[5, ingress]]],
          ['0,5,6', [0, 5, 6].map((one) => [one, ingress])],
        ]),
      );
    });

    it('sends in its VLANs alone, in order, when the switch has finished with the frame at hand', () => {
      const { breath, add, port } = open();
      const speak = add({
        vlans: [0, 5].map(vid),
        receive: () => {
          for (const one of [0, 5, 7]) speak(one === 0 ? broadcastOf() : addTag(broadcastOf(), vid(one)));
          expect(port.flushes.flat()).toEqual([]);
        },
      });
      breath(() => port.receiver?.receive(broadcastOf()));
      expect(port.flushes.flat().map(tagOf)).toEqual([0, 5]);
    });

    it('sees the traffic that it observes, of each VLAN', () => {
      const { breath, add, port } = open();
      const seen: number[] = [];
      add({ receive: () => undefined, observe: (_ingress, vlan) => void seen.push(vlan) });
      const arp = (vlan: number): Uint8Array => {
        const frame = encodeEthernet({
          destination: broadcastMac,
          source: macFromNumber(0x0200_0000_00ab),
          etherType: 0x0806,
          payload: new Uint8Array(46),
        });
        return vlan === 0 ? frame : addTag(frame, vid(vlan));
      };
      breath(() => port.receiver?.receive(arp(0)));
      breath(() => port.receiver?.receive(arp(7)));
      expect(seen).toEqual([0, 7]);
    });

    it('reaches the other stations', () => {
      const { breath, add } = open();
      const heard: number[] = [];
      add({ receive: (frame) => void heard.push(frame.length) });
      const speak = add({ receive: () => undefined });
      speak(broadcastOf(70));
      breath(() => speak(broadcastOf(71)));
      expect(heard).toEqual([70, 71]);
    });
  });
}

/** Disposes of it when the test ends, and returns it. */
export function disposing<One extends Disposable>(one: One): One {
  onTestFinished(() => one[Symbol.dispose]());
  return one;
}
