import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lab, type LabHost, type LabSwitch, type Network } from '../../src/lab/lab.ts';
import { formatIpv4 } from '../../src/wire/ipv4.ts';

/** A fault or act of clients, links, and the switch with the server in it. */
type Deed =
  | { readonly kind: 'join' | 'leave' | 'return' | 'release'; readonly host: number }
  | { readonly kind: 'cut' | 'silence' | 'deafen'; readonly link: number; readonly seconds: number }
  | { readonly kind: 'crash' | 'full disk'; readonly seconds: number }
  | { readonly kind: 'squat'; readonly host: number; readonly address: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const index = fc.nat(20);
const seconds = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 150 }));
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom<('join' | 'return')[]>('join', 'return'), host: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom<('leave' | 'release')[]>('leave', 'release'), host: index }) },
  fc.record({ kind: fc.constantFrom<('cut' | 'silence' | 'deafen')[]>('cut', 'silence', 'deafen'), link: index, seconds }),
  fc.record({ kind: fc.constantFrom<('crash' | 'full disk')[]>('crash', 'full disk'), seconds }),
  fc.record({ kind: fc.constant('squat'), host: index, address: fc.nat(5) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait'), seconds }) },
);

const pool = { first: 10, last: 15 };

/** Clients at two switches, of which one has the server. */
class Office {
  readonly net: Network;
  readonly #switches: readonly LabSwitch[];
  readonly #dhcp;
  readonly #members: LabHost[] = [];
  readonly #absent: LabHost[] = [];
  /** Hosts that use an address without a lease. */
  readonly squatters = new Set<LabHost>();
  #joined = 0;
  leases = 0;

  constructor(seed: number, diskLatency: number) {
    this.net = lab({ seed, poison: true });
    this.#switches = [this.net.switch('s1'), this.net.switch('s2')];
    this.net.link(at(this.#switches, 0), at(this.#switches, 1));
    const range = `10.77.0.${pool.first}-10.77.0.${pool.last}`;
    this.#dhcp = this.net.dhcp(at(this.#switches, 0), { range, leaseTime: 60, diskLatency, offerTime: 5 });
  }

  async do(what: Deed): Promise<void> {
    const { net } = this;
    switch (what.kind) {
      case 'join':
        if (this.#members.length < 8) this.#join(what.host);
        break;
      case 'leave':
        this.#leave(what.host);
        break;
      case 'return':
        this.#return();
        break;
      case 'release':
        if (this.#members.length > 0) at(this.#members, what.host).stack.release();
        break;
      case 'cut':
        this.#later(what.seconds, at(net.links, what.link).cut());
        break;
      case 'silence':
        this.#later(what.seconds, at(net.links, what.link).silence());
        break;
      case 'deafen': {
        const link = at(net.links, what.link);
        this.#later(what.seconds, link.silence({ from: at(link.ends, what.link).owner }));
        break;
      }
      case 'crash': {
        const master = at(this.#switches, 0);
        if (master.running) this.#later(what.seconds, master.crash());
        break;
      }
      case 'full disk':
        this.#later(what.seconds, this.#dhcp.fillDisk());
        break;
      case 'squat': {
        const squatter = this.#place(`q${++this.#joined}`, what.host, { ip: `10.77.0.${pool.first + what.address}/8` });
        if (squatter) this.squatters.add(squatter);
        break;
      }
      case 'wait':
        await net.fabric.pass(net.now + what.seconds * 1000, () => this.#check());
    }
  }

  #join(where: number): void {
    const host = this.#place(`h${++this.#joined}`, where, { dhcp: true });
    if (host) this.#members.push(host);
  }

  #leave(which: number): void {
    if (this.#members.length === 0) return;
    const [gone] = this.#members.splice(which % this.#members.length, 1);
    if (!gone) return;
    this.net.remove(gone);
    this.#absent.push(gone);
  }

  /** A client that left comes back, by the same address of its card. */
  #return(): void {
    const back = this.#absent.shift();
    if (!back) return;
    const mac = back.mac.toString(16).padStart(12, '0').match(/../g)?.join(':') ?? '';
    const host = this.#place(`h${++this.#joined}`, this.#joined, { dhcp: true, mac });
    if (host) this.#members.push(host);
  }

  #place(name: string, where: number, options: { dhcp?: boolean; mac?: string; ip?: string }): LabHost | undefined {
    const place = at(this.#switches, where);
    return place.running ? this.net.host(name, place, options) : undefined;
  }

  #later(delay: number, fault: Disposable): void {
    this.net.fabric.timeline.after(delay * 1000, () => fault[Symbol.dispose]());
  }

  /** Looks, after everything that happens, whether two clients have one address. */
  #check(): boolean {
    const holders = new Map<number, LabHost>();
    for (const host of this.#members) {
      const { lease } = host;
      if (!lease) continue;
      this.leases++;
      const other = holders.get(lease.address);
      if (other) throw new Error(`at ${this.net.now} ms ${host.name} and ${other.name} both have ${formatIpv4(lease.address)}`);
      holders.set(lease.address, host);
    }
    return false;
  }
}

it('no address is leased to two clients at once, whatever is lost, crashes, fills up, comes and goes', { timeout: 120_000 }, async () => {
  let leases = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.constantFrom(0, 0, 20, 400),
      fc.array(deed, { maxLength: 40, size: 'max' }),
      async (seed, diskLatency, deeds) => {
        const office = new Office(seed, diskLatency);
        using net = office.net;
        for (const what of deeds) await office.do(what);
        await office.do({ kind: 'wait', seconds: 200 });
        leases += office.leases;
        expect(net.fabric.flying).toBeLessThan(50);
      },
    ),
    { numRuns: Number(process.env['LAB_RUNS'] ?? 60) },
  );
  expect(leases).toBeGreaterThan(1000);
});

function at<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}
