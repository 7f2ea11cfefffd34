import { describeCondition } from '../../impairment/condition.ts';
import { formatQuality } from '../../impairment/impairment-text.ts';
import { uidOf } from '../../ports/pure/peer.ts';
import type { PortNumber } from '../../switch/switch.ts';
import type { Vid } from '../../wire/dot1q.ts';
import type { Accounts, Managed } from '../managed.ts';
import type { Endpoint, ManagedPort } from '../port-table.ts';

/** A user or group, by number and, if this machine knows it, by name. */
export interface AccountView {
  readonly id: number;
  readonly name: string | undefined;
}

/** An endpoint of a port. */
export interface EndpointView {
  readonly id: number;
  readonly module: string;
  readonly description: string;
  /** The user of its process; undefined if that is not known, as for one on another machine. */
  readonly user: AccountView | undefined;
  /** The frames that did not cross it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Its MTU, in octets; undefined if only the longest frame limits it. */
  readonly mtu: number | undefined;
}

/** A port. */
export interface PortView {
  readonly port: PortNumber;
  /** True if it has a carrier. */
  readonly up: boolean;
  /** True if a command created it, false if its first endpoint did. */
  readonly created: boolean;
  readonly untagged: Vid | 'none';
  /** The VLANs of which it is a tagged member. */
  readonly tagged: readonly Vid[];
  /** True if it carries all VLANs tagged. */
  readonly trunk: boolean;
  readonly allocatable: boolean;
  /** True if its stations cannot move to another port. */
  readonly sticky: boolean;
  /** The user of the first endpoint. */
  readonly current: AccountView | undefined;
  /** The only user and group that may use it; undefined for all. */
  readonly user: AccountView | undefined;
  readonly group: AccountView | undefined;
  /** The counters since the last reset. */
  readonly received: { readonly frames: number; readonly octets: number };
  readonly sent: { readonly frames: number; readonly octets: number };
  /** The frames that the switch dropped at it, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Its condition, in words; empty if it is up and not impaired. */
  readonly condition: string;
  /** False if a command took it down. */
  readonly enabled: boolean;
  /** Its impairment, in the words that `impairPort` takes; undefined without one. */
  readonly impairment: string | undefined;
  /** True if its stations are held to the rules for strangers: see `setGuard`. */
  readonly guarded: boolean;
  /** True if it only listens, because of a mirror. */
  readonly quiet: boolean;
  /** The endpoints, the newest first. */
  readonly endpoints: readonly EndpointView[];
}

/** Returns a port as plain data. */
export function portView(managed: Pick<Managed, 'accounts' | 'ports' | 'switch'>, one: ManagedPort): PortView {
  const { accounts, ports, switch: bridge } = managed;
  const { number, created, endpoints, allocatable, user, group, condition } = one;
  const { receivedFrames, receivedOctets, sentFrames, sentOctets } = ports.counts(number);
  const port = bridge.port(number);
  return {
    port: number,
    up: port?.up === true,
    created,
    untagged: port?.vlans.untagged ?? 'none',
    tagged: [...(port?.vlans.tagged ?? [])].sort((a, b) => a - b),
    trunk: port?.vlans.trunk === true,
    allocatable,
    sticky: port?.sticky === true,
    current: userOf(accounts, endpoints[0]),
    user: account(user, accounts.userName),
    group: account(group, accounts.groupName),
    received: { frames: receivedFrames, octets: receivedOctets },
    sent: { frames: sentFrames, octets: sentOctets },
    drops: { ...port?.counters.drops },
    condition: describeCondition(condition),
    enabled: condition.up,
    impairment: condition.impairment && formatQuality(condition.impairment),
    guarded: port?.guarded === true,
    quiet: port?.quiet === true,
    endpoints: endpoints.map((endpoint) => endpointView(accounts, endpoint)).reverse(),
  };
}

function endpointView(accounts: Accounts, endpoint: Endpoint): EndpointView {
  const { id, module, description, drops, mtu } = endpoint;
  return { id, module, description, user: userOf(accounts, endpoint), drops: { ...drops }, mtu };
}

function userOf({ userName }: Accounts, endpoint: Endpoint | undefined): AccountView | undefined {
  return account(uidOf(endpoint?.peer), userName);
}

function account(id: number | undefined, nameOf: (id: number) => string | undefined): AccountView | undefined {
  return id === undefined ? undefined : { id, name: nameOf(id) };
}
