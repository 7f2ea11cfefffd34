import { isIP, isIPv6 } from 'node:net';
import { EtherloomError } from '../../errors.ts';
import { isGroup } from '../../system/ip-address.ts';
import { maxVni, vxlanPort } from '../../wire/vxlan.ts';
import { fromSlashes, splitOptions, type AddressOptions } from '../address-options.ts';
import { checkAddress, checkGroup, checkHost } from '../host-address.ts';
import { pathOptions, pathWishes } from '../overlay/path-mtu.ts';
import type { ListedRemote } from '../overlay/remotes.ts';
import { openVxlan, type VxlanOptions } from '../overlay/vxlan.ts';
import { plainOption, type Driver, type Reach } from './driver.ts';

/** A VXLAN network. */
export const vxlan: Driver = {
  scheme: 'vxlan',
  form: 'vxlan://REMOTE[,REMOTE…]?vni=N',
  summary: 'a VXLAN network with these hosts, or with a group of hosts',
  options: {
    vni: 'network identifier, 0 to 16777215; it must be given',
    port: 'UDP port of the hosts and of this one, 4789 by default',
    local: 'IP address of this machine to use',
    if: 'network interface of the group',
    learn: 'any takes packets from hosts that are not listed, too',
    csum: 'on sends UDP checksums over IPv4, too',
    ...pathOptions,
    ...plainOption,
  },
  listens: false,
  reaches(address) {
    const { listed, local, takesAny, plain } = parse(address);
    // One that takes packets from any source is reached by all that reach this machine.
    const own = local ?? (takesAny ? '0.0.0.0' : undefined);
    return { hosts: [...listed.map(({ host }) => host), ...(own === undefined ? [] : [own])], plain };
  },
  open: async (address, environment) => ({ port: await openVxlan(parse(address), environment) }),
};

function parse(address: string): VxlanOptions & Pick<Reach, 'plain'> {
  const options = splitOptions(vxlan, fromSlashes(address));
  const refuse = (reason: string): never => {
    throw new EtherloomError('bad-address', `vxlan://${address}: ${reason}; write the address as ${vxlan.form}`);
  };
  const vni = options.number('vni', 0, maxVni) ?? refuse('the network identifier is missing: vni=N');
  const port = options.number('port', 1, 65_535) ?? vxlanPort;
  const local = options.options.get('local');
  if (local !== undefined && isIP(local) === 0) refuse(`local=${local} is not an IP address`);
  const listed = options.body.split(',').map((text) => remoteOf(text, port) ?? refuse(`${text} is not a host, HOST:PORT or [IPv6]:PORT`));
  const groups = listed.filter(({ host }) => isGroup(host)).length;
  if (listed.some(({ host }) => isGroup(host) && host.includes('%'))) refuse('the interface of a group is an option: if=eth0');
  if (groups > 1) refuse('only one of the remotes may be a group');
  const device = options.options.get('if');
  if (device !== undefined && groups === 0) refuse('if= is the interface of a group, and no remote is one');
  if (local !== undefined) checkAddress(local);
  for (const { host } of listed) {
    if (isGroup(host)) checkGroup(host, device !== undefined || local !== undefined);
    else checkHost(host);
  }
  return {
    name: address,
    listed,
    vni,
    port,
    local,
    interface: device,
    takesAny: learnsAny(options, refuse),
    checksum: options.onOff('csum') ?? false,
    plain: options.yes('plain'),
    ...pathWishes(options),
  };
}

function learnsAny({ options }: AddressOptions, refuse: (reason: string) => never): boolean {
  const learn = options.get('learn');
  return learn !== undefined && (learn === 'any' || refuse(`learn=${learn} is not learn=any`));
}

/** Returns the remote that a text names; undefined if it has another form. */
function remoteOf(text: string, usualPort: number): ListedRemote | undefined {
  if (isIPv6(text)) return { host: text, port: usualPort };
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  const port = digits === undefined ? usualPort : Number(digits);
  if (host === undefined || port < 1 || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { host, port };
}
