import { resolve } from 'node:path';
import { openDhcpSwitch, type ServedNetwork } from '../daemon/dhcp-switch.ts';
import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import type { OpenFace } from '../daemon/management.ts';
import { ManagedSwitch, type ManagedSwitchOptions } from '../daemon/managed-switch.ts';
import { checkPortPlain } from '../daemon/plain.ts';
import { say } from '../daemon/serve.ts';
import type { MacAddress } from '../wire/mac.ts';
import type { Quality } from '../impairment/impairment.ts';
import type { Random } from '../random.ts';
import { CommandFaces } from './command-faces.ts';
import { gatewayOf, type GatewayArguments } from './gateway-arguments.ts';
import { httpFaces } from './http-option.ts';
import { managementOf, runManagedService, type ManagementArguments } from './managed-service.ts';
import { networkOf, refuseWithoutDhcp, serviceOptions, type NetworkArguments } from './network-arguments.ts';
import { backlogBounds, type BacklogArguments } from './node-arguments.ts';

/** The options of `etherloom switch`, as commander parses them. */
export interface SwitchArguments extends BacklogArguments, ManagementArguments, NetworkArguments, GatewayArguments {
  readonly sock?: string;
  readonly mode?: number;
  readonly dirmode?: number;
  readonly group?: number;
  readonly port: readonly string[];
  readonly tap: readonly string[];
  readonly numports: number;
  readonly trunk: boolean;
  readonly guard?: (port: number) => boolean;
  readonly plain: boolean;
  readonly fstp: boolean;
  readonly hub: boolean;
  readonly macaddr?: MacAddress;
  readonly priority: number;
  readonly impair?: Quality;
  readonly dhcp?: string;
  readonly state?: string;
}

/** Implements `etherloom switch`: a switch, optionally with a DHCP server. Returns the exit status. */
export function runSwitch(given: SwitchArguments): Promise<number> {
  return runManagedService('switch', given, async (environment) => {
    for (const address of given.port) checkPortPlain(address, { plain: given.plain, option: '--plain' }, environment.log.warn);
    const network = servedNetworkOf(given, environment.log.warn);
    const http = await httpFaces(given, environment);
    const options = optionsOf(given, network?.state, http, environment.random);
    const opened = network
      ? await openDhcpSwitch(network, options, environment)
      : await ManagedSwitch.open(options, environment, environment);
    say(`sock ${opened.service.directory}`);
    return opened;
  });
}

function optionsOf(
  { sock, port, tap, ...given }: SwitchArguments,
  state: string | undefined,
  http: readonly OpenFace[],
  random: Random,
): ManagedSwitchOptions {
  const { numports, trunk, guard: guards, hub, fstp, macaddr, priority, impair, mode, dirmode, group } = given;
  const directory = sock ?? defaultSocketDirectory('switch');
  return {
    numports,
    trunk,
    guards,
    hub,
    fstp,
    mac: macaddr,
    priority,
    impair,
    directory,
    mode,
    directoryMode: dirmode,
    gid: group,
    ports: [...tap.map((name) => `tap://${name}`), ...port],
    backlog: backlogBounds(given),
    ...managementOf(given),
    faces: [...new CommandFaces({ role: 'switch', state, home: directory }, random).faces, ...http],
  };
}

/** Returns the settings of the network that the switch serves; undefined if it serves none. Throws EtherloomError('bad-option'). */
function servedNetworkOf(given: SwitchArguments, warn: (message: string) => void): ServedNetwork | undefined {
  const { dhcp, sock, state, router, dns, range, domain, leaseTime, mtu } = given;
  const remedy = 'add --dhcp SUBNET, as --dhcp 10.77.0.0/24';
  const gateway = gatewayOf(given, dhcp === undefined ? remedy : undefined);
  if (dhcp === undefined) {
    const options = { '--router': router, '--dns': dns, '--range': range, '--domain': domain, '--lease-time': leaseTime, '--mtu': mtu };
    refuseWithoutDhcp({ ...options, ...serviceOptions(given), '--state': state }, remedy);
    return undefined;
  }
  // The state is kept beside the sockets: two switches never share a directory, and a test's state is removed with the test's directory.
  const beside = sock === undefined ? undefined : `${resolve(sock)}.state`;
  return { ...networkOf('--dhcp', dhcp, given), gateway, state: state ?? beside ?? defaultStateDirectory('switch', warn) };
}
