import type { Command } from 'commander';
import type { GatewayWish } from '../daemon/gateway.ts';
import { EtherloomError } from '../errors.ts';
import { parseIpv4, parseIpv4Network } from '../wire/ipv4.ts';
import { collect } from './option-values.ts';

/** The options of `etherloom switch` and `etherloom master` for the gateway, as commander parses them. */
export interface GatewayArguments {
  readonly gateway: boolean;
  readonly gatewayAllow: readonly string[];
  readonly gatewayLoopback: boolean;
  readonly forward: readonly string[];
}

/** Adds the options of a gateway to a command. */
export function addGatewayOptions(command: Command): Command {
  return command
    .option('--gateway', 'give guests access to the Internet through this machine; needs the packages vdeplug and libvdeplug-slirp', false)
    .option('--gateway-allow <cidr[:port]>', 'let guests reach only this network, or this port of it (repeatable)', collect, [])
    .option('--gateway-loopback', "let guests reach this machine's loopback, at the router's address", false)
    .option(
      '--forward <[address:]port=guest:port>',
      'forward connections from a port of this machine to a guest, as 2222=10.77.0.11:22, or udp:5353=10.77.0.11:53; listens on 127.0.0.1 unless an address is given (repeatable)',
      collect,
      [],
    );
}

/**
 * Returns the settings of the gateway; undefined if there is none. `withoutDhcp` is the remedy if there is no DHCP server, else undefined.
 * Throws EtherloomError('bad-option').
 */
export function gatewayOf(given: GatewayArguments, withoutDhcp?: string): GatewayWish | undefined {
  const { gateway, gatewayAllow, gatewayLoopback, forward } = given;
  if (!gateway) {
    const [useless] = Object.entries({
      '--gateway-allow': gatewayAllow.length > 0,
      '--gateway-loopback': gatewayLoopback,
      '--forward': forward.length > 0,
    }).filter(([, isGiven]) => isGiven);
    if (useless) throw new EtherloomError('bad-option', `${useless[0]} has no effect without the gateway; add --gateway`);
    return undefined;
  }
  if (withoutDhcp !== undefined)
    throw new EtherloomError('bad-option', `--gateway needs the DHCP server, which sends guests its address; ${withoutDhcp}`);
  return { allow: gatewayAllow.map(allowedOf), forwards: forward.map(forwardOf), hostLoopback: gatewayLoopback };
}

function allowedOf(text: string): GatewayWish['allow'][number] {
  const [, address = '', , length, port] = /^([\d.]+)(\/(\d+))?(?::(\d+))?$/.exec(text) ?? [];
  const network = parseIpv4Network(`${address}/${length ?? '32'}`);
  if (network && (port === undefined || isPort(port))) return { network, port: port === undefined ? undefined : Number(port) };
  throw new EtherloomError(
    'bad-option',
    `--gateway-allow ${text} is not a network; write it as 192.0.2.0/24, 192.0.2.7 or 192.0.2.0/24:443, without bits of hosts`,
  );
}

function forwardOf(text: string): GatewayWish['forwards'][number] {
  const [, protocol = 'tcp', address = '127.0.0.1', port = '', guestText = '', guestPort = ''] =
    /^(?:(tcp|udp):)?(?:([\d.]+):)?(\d+)=([\d.]+):(\d+)$/.exec(text) ?? [];
  const [host, guest] = [parseIpv4(address), parseIpv4(guestText)];
  if (host !== undefined && guest !== undefined && isPort(port) && isPort(guestPort)) {
    const isAny = address === '0.0.0.0';
    return {
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      host: isAny ? undefined : host,
      port: Number(port),
      guest,
      guestPort: Number(guestPort),
    };
  }
  throw new EtherloomError(
    'bad-option',
    `--forward ${text} is not valid; write it as PORT=GUEST:PORT, for example 2222=10.77.0.11:22 or 0.0.0.0:2222=10.77.0.11:22`,
  );
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
