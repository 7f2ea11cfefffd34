import type { LeaseJournalContent } from '../../src/dhcp/disk/lease-journal.ts';
import { formatIpv4, ipv4FromNumber } from '../../src/wire/ipv4.ts';
import { clientMac } from '../dhcp/spec.ts';

/** A lease as its client knows it. */
export interface Claim {
  readonly client: number;
  readonly address: number;
  readonly server: number;
  /** When it ends, in seconds since 1970. */
  readonly until: number;
}

/** By how much a server may take a lease to end before its client does, in seconds: it counts in whole ones. */
const roundingSeconds = 1;

/** The leases of which clients have an ACK: what the server owes them. */
export class Claims {
  readonly #byClient = new Map<number, Claim>();
  readonly #byAddress = new Map<number, Claim>();

  /** How many clients have a lease. */
  get size(): number {
    return this.#byClient.size;
  }

  /** Returns the lease of a client. */
  of(client: number): Claim | undefined {
    return this.#byClient.get(client);
  }

  /** Returns all leases, in a list of their own. */
  all(): Claim[] {
    return [...this.#byClient.values()];
  }

  /** Notes a client's ACK. Returns the fault in it, in words. */
  grant(claim: Claim): string | undefined {
    const { client, address } = claim;
    const [holder, before] = [this.#byAddress.get(address), this.#byClient.get(client)];
    if (holder !== undefined && holder.client !== client)
      return `${shown(address)} was given to client ${client}, and client ${holder.client} has it`;
    if (before !== undefined && before.address !== address)
      return `client ${client} has ${shown(before.address)}, and was given ${shown(address)}`;
    this.#byClient.set(client, claim);
    this.#byAddress.set(address, claim);
    return undefined;
  }

  /** A client gives its lease back: nothing is owed to it from now on. */
  giveUp({ client, address }: Claim): void {
    this.#byClient.delete(client);
    this.#byAddress.delete(address);
  }

  /** Returns what a journal lacks of the leases, in words. */
  missingFrom({ state }: LeaseJournalContent): string[] {
    return this.all().flatMap(({ client, address, until }) => {
      const record = state.get(ipv4FromNumber(address));
      const what = `client ${client} has ${shown(address)}`;
      if (record?.state !== 'bound') return `${what}; the journal has it ${record?.state ?? 'not at all'}`;
      if (record.mac !== clientMac(client)) return `${what}; in the journal it is another client's`;
      const end = record.since + record.duration;
      return end + roundingSeconds < until ? `${what}; in the journal it ends ${until - end} s before its time` : [];
    });
  }
}

/** Returns an address for people. */
export function shown(address: number): string {
  return formatIpv4(ipv4FromNumber(address));
}
