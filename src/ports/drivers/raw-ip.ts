import { isIP, isIPv6 } from 'node:net';
import { EtherloomError } from '../../errors.ts';
import type { Encapsulation } from '../../wire/encapsulation.ts';
import { etherIpTunnel } from '../../wire/etherip.ts';
import { greTunnel, maxGreKey } from '../../wire/gre.ts';
import { fromSlashes, splitOptions, type AddressOptions } from '../address-options.ts';
import { checkAddress, checkHost } from '../host-address.ts';
import { pathOptions, pathWishes, type PathWishes } from '../overlay/path-mtu.ts';
import { plainOption, type Driver, type Reach } from './driver.ts';

/** The options of both drivers. */
const shared = {
  local: 'IP address of this machine to use',
  socket: 'raw-socket uses the npm package of that name',
  ...pathOptions,
  ...plainOption,
};

/** Ethernet over GRE. */
export const gretap = tunnelDriver({
  scheme: 'gretap',
  form: 'gretap://REMOTE[,REMOTE…]?key=N',
  summary: 'Ethernet over GRE with these hosts; both sides have the same key, or none',
  options: { key: 'the key, 0 to 4294967295', ...shared },
  protocol: 'gre',
  encapsulation: (options) => greTunnel(options.number('key', 0, maxGreKey)),
});

/** EtherIP. */
export const etherip = tunnelDriver({
  scheme: 'etherip',
  form: 'etherip://REMOTE[,REMOTE…]',
  summary: 'EtherIP with these hosts',
  options: shared,
  protocol: 'etherIp',
  encapsulation: () => etherIpTunnel,
});

/** The parts in which the drivers differ. */
interface TunnelDriver extends Pick<Driver, 'scheme' | 'form' | 'summary' | 'options'> {
  readonly protocol: 'gre' | 'etherIp';
  readonly encapsulation: (options: AddressOptions) => Encapsulation;
}

/** An address, taken apart. */
interface Tunnel extends Reach, PathWishes {
  readonly name: string;
  readonly remotes: readonly string[];
  readonly local: string | undefined;
  readonly byPackage: boolean;
  readonly encapsulation: Encapsulation;
}

function tunnelDriver(driver: TunnelDriver): Driver {
  const { scheme, form, summary, options, protocol } = driver;
  return {
    scheme,
    form,
    summary,
    options,
    listens: false,
    reaches: (address) => parse(driver, address),
    async open(address, environment) {
      const { remotes, ...tunnel } = parse(driver, address);
      // Loaded on demand: few switches use it.
      const { openRawIp, ...protocols } = await import('../overlay/raw-ip.ts');
      return { port: await openRawIp({ ...tunnel, hosts: remotes, protocol: protocols[protocol] }, environment) };
    },
  };
}

function parse(driver: TunnelDriver, address: string): Tunnel {
  const options = splitOptions(driver, fromSlashes(address));
  const refuse = (reason: string): never => {
    throw new EtherloomError('bad-address', `${driver.scheme}://${address}: ${reason}; write the address as ${driver.form}`);
  };
  const local = options.options.get('local');
  if (local !== undefined && isIP(local) === 0) refuse(`local=${local} is not an IP address`);
  const socket = options.options.get('socket');
  if (socket !== undefined && socket !== 'raw-socket') refuse(`socket=${socket} is not socket=raw-socket`);
  const remotes = options.body.split(',').map((text) => hostOf(text) ?? refuse(`${text} is not a host`));
  if (local !== undefined) checkAddress(local);
  for (const remote of remotes) checkHost(remote);
  return {
    name: address,
    remotes,
    local,
    byPackage: socket !== undefined,
    encapsulation: driver.encapsulation(options),
    hosts: local === undefined ? remotes : [...remotes, local],
    plain: options.yes('plain'),
    ...pathWishes(options),
  };
}

/** Returns the name or address that a text is; undefined for any other. */
function hostOf(text: string): string | undefined {
  const bare = /^\[(.+)\]$/.exec(text)?.[1] ?? text;
  return isIPv6(bare) || (bare === text && /^[^:[\]\s]+$/.test(text)) ? bare : undefined;
}
