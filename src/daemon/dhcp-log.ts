import type { Clock } from '../clock.ts';
import type { DhcpEvent } from '../dhcp/events.ts';
import type { Log } from '../log.ts';
import { onceAMinute } from '../ports/once-a-minute.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';

/** The events that are not logged, since they are frequent. */
const quiet: ReadonlySet<DhcpEvent['type']> = new Set(['lease-offered', 'lease-renewed']);

/** The events that are logged as warnings. */
const grave: ReadonlySet<DhcpEvent['type']> = new Set([
  ...(['lease-declined', 'lease-reclaimed', 'conflict', 'address-claimer'] as const),
  ...(['nak', 'duplicate-client', 'store-failed'] as const),
]);

/** The reasons that are not logged: the client has chosen another server. */
const expected: readonly DropReason[] = ['other-server', 'unknown-client'];

type DropReason = Extract<DhcpEvent, { type: 'dropped' }>['reason'];

/**
 * Returns a listener that writes the events of a DHCP server to the log. Unanswered messages are logged at once, and then once a minute for
 * each reason.
 */
export function dhcpLog(clock: Clock, log: Log): (event: DhcpEvent) => void {
  const warnOfDrops = onceAMinute(clock, log.warn);
  return (event) => {
    if (quiet.has(event.type)) return;
    const fields = fieldsOf(event);
    if (event.type !== 'dropped') (grave.has(event.type) ? log.warn : log)(text(event), fields);
    else if (!expected.includes(event.reason)) warnOfDrops(text(event), { fields, key: event.reason });
  };
}

function fieldsOf(event: DhcpEvent): Record<string, unknown> {
  const { type, ...rest } = event;
  const fields: Record<string, unknown> = { event: type, ...rest };
  if ('mac' in event) fields['mac'] = formatMac(event.mac);
  if ('address' in event) fields['address'] = formatIpv4(event.address);
  if ('holder' in event && event.holder !== undefined) fields['holder'] = formatMac(event.holder);
  if ('twin' in event) fields['twin'] = formatMac(event.twin);
  return fields;
}

function text(event: DhcpEvent): string {
  switch (event.type) {
    case 'store-failed':
      return `leases cannot be kept: ${event.error}; until this works again, new clients get no lease, and clients with a lease keep it`;
    case 'store-recovered':
      return 'leases can be kept again';
    case 'nak':
      return `refused the request of ${formatMac(event.mac)}: ${event.reason}`;
    case 'duplicate-client':
      return `${formatMac(event.mac)} and ${formatMac(event.twin)} send the same client identifier; each has its own lease`;
    case 'conflict':
      return `${formatMac(event.mac)} uses ${formatIpv4(event.address)}, which is not its own`;
    case 'address-claimer':
      return `${formatMac(event.mac)} on port ${event.ingress} claims many addresses that are not its own, so its claims are ignored; find the program that answers ARP there`;
    case 'lease-reclaimed':
      return `${formatIpv4(event.address)} of ${formatMac(event.mac)} is given to another client: its port is closed, and all other addresses are taken`;
    case 'dropped':
      return dropText(event.reason, formatMac(event.mac), event.ingress);
    default:
      return `${event.type} ${formatIpv4(event.address)} ${formatMac(event.mac)}`;
  }
}

function dropText(reason: DropReason, mac: string, port: number): string {
  switch (reason) {
    case 'pool-exhausted':
      return `no address is left for ${mac} on port ${port}; serve more with --range or a wider network, or make leases shorter with --lease-time`;
    case 'port-full':
      return `no address is given to ${mac}: clients on port ${port} have as many as one port may have; allow more with --dhcp-port-limit`;
    case 'relayed':
      return `no answer to ${mac} on port ${port}: its message came by a relay agent, and relays are not served`;
    case 'wrong-port':
      return `ignored the release of the address of ${mac}: the message came by port ${port}, but that client is at another port`;
    case 'partial-checksum':
      return `no answer to ${mac} on port ${port}: the UDP checksum of its message is unfinished, as its network card should have completed it; start the server with --dhcp-lax-checksum`;
    case 'no-type':
      return `no answer to ${mac} on port ${port}: it uses BOOTP; start the server with --bootp to serve it`;
    case 'not-holder':
      return `no answer to ${mac} on port ${port}: its message is about an address that is not its own`;
    case 'store-failed':
    case 'store-busy':
      return `no answer to ${mac} on port ${port}: its lease cannot be stored now (${reason})`;
    default:
      return `no answer to ${mac} on port ${port}: ${reason}`;
  }
}
