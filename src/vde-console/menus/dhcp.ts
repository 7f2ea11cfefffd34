import type { Managed } from '../../management/managed.ts';
import { listLeases, releaseLease, showDhcp, showLease } from '../../management/operations/dhcp.ts';
import { leaseStates, type DhcpView, type LeasePage, type LeaseView } from '../../management/parts/dhcp.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';
import { facts } from '../text.ts';

/** Makes the menu of the DHCP server, for a switch that has one. */
export function dhcpMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('dhcp', 'DHCP server'),
    query('dhcp/showinfo', '', showDhcp, nothing, infoOf),
    query('dhcp/print', '[FROM]', listLeases, (from) => (from === '' ? {} : { from: from.trimEnd() }), pageOf),
    query('dhcp/find', 'ADDRESS', showLease, addressed, (lease) => [lineOf(lease)]),
    command('dhcp/release', 'ADDRESS', releaseLease, addressed),
  );
}

function addressed(argument: string): { readonly address: string } {
  return { address: argument.trimEnd() };
}

function infoOf({ network, server, pool, leases, frames }: DhcpView): readonly string[] {
  return [
    `network ${network}`,
    `server ${server}`,
    `pool ${pool}`,
    ...leaseStates.map((state) => `leases ${state} ${leases[state]}`),
    ...Object.entries(frames).map(([name, count]) => `frames ${name} ${count}`),
  ];
}

function pageOf({ leases, more }: LeasePage): readonly string[] {
  return [...leases.map(lineOf), ...(more > 0 ? [`more ${more}`] : [])];
}

function lineOf({ address, state, mac, client, hostname, port, left }: LeaseView): string {
  return [address, state, ...facts({ mac, port, left, client, name: hostname })].join(' ');
}
