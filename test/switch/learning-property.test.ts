import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lab, type LabStation, type Network } from '../../src/lab/lab.ts';
import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber, type MacAddress } from '../../src/wire/mac.ts';

/** An act on a tree of switches, each at a station or a place with a number modulo the size. */
type Deed =
  | { readonly kind: 'say'; readonly station: number; readonly to: number }
  | { readonly kind: 'cut' | 'silence'; readonly link: number; readonly seconds: number }
  | { readonly kind: 'crash'; readonly at: number; readonly seconds: number }
  | { readonly kind: 'move'; readonly station: number; readonly at: number }
  | { readonly kind: 'pretend'; readonly station: number; readonly as: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const index = fc.nat(50);
const seconds = fc.nat(20);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constant('say'), station: index, to: index }),
  fc.record({ kind: fc.constantFrom('cut', 'silence'), link: index, seconds }),
  fc.record({ kind: fc.constant('crash'), at: index, seconds }),
  fc.record({ kind: fc.constant('move'), station: index, at: index }),
  fc.record({ kind: fc.constant('pretend'), station: index, as: index }),
  fc.record({ kind: fc.constant('wait'), seconds }),
);

/** Parents of all switches but the first, and the switch of each station. */
const tree = fc.record({
  parents: fc.array(index, { maxLength: 6 }),
  places: fc.array(index, { minLength: 2, maxLength: 6 }),
  deeds: fc.array(deed, { maxLength: 30, size: 'max' }),
});

class Tree {
  readonly net: Network = lab({ poison: true });
  readonly #parents: readonly number[];
  readonly #places: number[];
  readonly stations: LabStation[];
  #moves = 0;

  constructor(parents: readonly number[], places: readonly number[]) {
    this.#parents = parents.map((parent, at) => parent % (at + 1));
    this.#places = places.map((place) => place % (parents.length + 1));
    const switches = Array.from({ length: parents.length + 1 }, (_, at) => this.net.switch(`s${at}`));
    this.#parents.forEach((parent, at) => this.net.link(pick(switches, at + 1), pick(switches, parent)));
    this.stations = this.#places.map((place, at) => this.net.station(`x${at}`, pick(switches, place), { mac: macText(at) }));
  }

  async do(what: Deed): Promise<void> {
    const { net } = this;
    switch (what.kind) {
      case 'say':
        this.say(what.station, what.to % (this.stations.length + 1));
        break;
      case 'cut':
      case 'silence':
        if (net.links.length > 0) this.#later(what.seconds, pick(net.links, what.link)[what.kind]());
        break;
      case 'crash': {
        const victim = pick(net.switches, what.at);
        if (victim.running) this.#later(what.seconds, victim.crash());
        break;
      }
      case 'move':
        this.#move(what.station % this.stations.length, what.at);
        break;
      case 'pretend':
        pick(this.stations, what.station).send(frame(macOf(what.as % this.stations.length), broadcastMac));
        break;
      case 'wait':
        await net.run({ seconds: what.seconds });
    }
  }

  /** Lets one station send to another, or, with a number beyond them, to all. */
  say(from: number, to: number): void {
    const sender = from % this.stations.length;
    pick(this.stations, sender).send(frame(macOf(sender), to < this.stations.length ? macOf(to) : broadcastMac));
  }

  /** On how many links a frame is between two stations. */
  distance(a: number, b: number): number {
    const path = (at: number): number[] => (at === 0 ? [0] : [at, ...path(pick(this.#parents, at - 1))]);
    const [here, there] = [path(pick(this.#places, a)), path(pick(this.#places, b))];
    const common = here.filter((place) => there.includes(place)).length;
    return here.length + there.length - 2 * common + 2;
  }

  #later(delay: number, fault: Disposable): void {
    this.net.fabric.timeline.after(delay * 1000, () => fault[Symbol.dispose]());
  }

  #move(station: number, at: number): void {
    const place = at % this.net.switches.length;
    const target = pick(this.net.switches, place);
    if (!target.running) return;
    this.net.remove(pick(this.stations, station));
    this.stations[station] = this.net.station(`x${station}_${++this.#moves}`, target, { mac: macText(station) });
    this.#places[station] = place;
  }
}

describe('in any tree of switches, whatever was cut, crashed, moved and pretended before', () => {
  it('a frame to a station that was heard takes the shortest way to it, once, and nobody else hears it', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(tree, async ({ parents, places, deeds }) => {
        const network = new Tree(parents, places);
        using net = network.net;
        for (const what of deeds) await network.do(what);
        // All faults end, and a station that was forged elsewhere is no longer held there.
        await net.run({ seconds: 30 });
        await net.quiesce();
        network.stations.forEach((_, at) => network.say(at, Infinity));
        await net.quiesce();
        for (const from of network.stations.keys()) {
          for (const to of network.stations.keys()) {
            if (from === to) continue;
            const [hops, heard] = [net.fabric.trace.total, countsOf(network)];
            network.say(from, to);
            await net.quiesce();
            expect(net.fabric.trace.total - hops).toBe(network.distance(from, to));
            const news = countsOf(network).map((count, at) => count - (heard[at] ?? 0));
            expect(news).toEqual(network.stations.map((_, at) => Number(at === to)));
          }
        }
      }),
      { numRuns: Number(process.env['LAB_RUNS'] ?? 60) },
    );
  });
});

function countsOf({ stations }: Tree): number[] {
  return stations.map(({ end }) => end?.counters.receivedFrames ?? 0);
}

function frame(source: MacAddress, destination: MacAddress): Uint8Array {
  return encodeEthernet({ destination, source, etherType: 0x88b5, payload: new Uint8Array(46) });
}

function macOf(station: number): MacAddress {
  return macFromNumber(0x0200_0000_0100 + station);
}

function macText(station: number): string {
  return `02:00:00:00:01:0${station}`;
}

function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}
