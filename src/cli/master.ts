import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { checkPlain } from '../daemon/plain.ts';
import { say } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import { maxId, type NodeId } from '../star/identity.ts';
import { Master, type MasterOptions } from '../launcher/master.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { parseIpv4 } from '../wire/ipv4.ts';
import { commandFaces } from './command-faces.ts';
import { gatewayOf, type GatewayArguments } from './gateway-arguments.ts';
import { managementOf, runManagedService } from './managed-service.ts';
import { networkOf, refuseWithoutDhcp, serviceOptions, type NetworkArguments } from './network-arguments.ts';
import { backlogBounds, cardWish, guestWish, nodePorts, sayCard, type NodeArguments } from './node-arguments.ts';

/** The options of `etherloom master`, as commander parses them. */
export interface MasterArguments extends NodeArguments, NetworkArguments, GatewayArguments {
  readonly listen: string;
  readonly subnet: string;
  readonly dhcp: boolean;
  readonly slavePort: readonly string[];
  readonly reserve: readonly string[];
  readonly maxLinks: number;
}

/** Implements `etherloom master`, the centre of a star. Returns the exit status. */
export function runMaster(given: MasterArguments): Promise<number> {
  return runManagedService('master', given, async (environment) => {
    const { warn } = environment.log;
    const options = optionsOf(given);
    checkPlain(options.listen, given.plain, warn);
    const state = given.state ?? defaultStateDirectory('master', warn);
    const faces = commandFaces({ role: 'master', state, home: state }, environment.random);
    const master = await Master.open(
      {
        ...options,
        management: { ...managementOf(given), faces },
        ports: nodePorts(given, warn),
        sock: given.sock ?? defaultSocketDirectory('master'),
        state,
      },
      environment,
    );
    say(`sock ${master.sock}`);
    say(`link ${master.link}`);
    say(`control ${master.control}`);
    sayCard(master.card);
    return master;
  });
}

/** Returns the settings without the directories and ports. Throws EtherloomError: `bad-option`, `bad-address`. */
function optionsOf(given: MasterArguments): Omit<MasterOptions, 'sock' | 'state' | 'ports' | 'management'> {
  const { control: controlPort, dhcp, router, dns, range, domain, leaseTime, maxLinks, linkMtu } = given;
  // With --no-dhcp a guest serves the network. It does not know these settings, but it is told the MTU.
  if (!dhcp) {
    const options = { '--router': router, '--dns': dns, '--range': range, '--domain': domain, '--lease-time': leaseTime };
    refuseWithoutDhcp({ ...options, ...serviceOptions(given) }, 'leave out --no-dhcp');
  }
  return {
    listen: parseTcpAddress(given.listen),
    ...networkOf('--subnet', given.subnet, given),
    gateway: gatewayOf(given, dhcp ? undefined : 'leave out --no-dhcp'),
    slavePorts: idMap(given.slavePort, '--slave-port', 'ID=PORT', portOf),
    reservations: idMap(given.reserve, '--reserve', 'ID=ADDRESS', parseIpv4),
    controlPort,
    dhcp,
    maxLinks,
    linkMtu,
    deadAfter: given.deadAfter * 1000,
    guest: guestWish(given),
    card: cardWish(given),
    backlog: backlogBounds(given),
  };
}

function idMap<Value>(
  texts: readonly string[],
  option: string,
  form: string,
  parse: (text: string) => Value | undefined,
): ReadonlyMap<NodeId, Value> {
  const map = new Map<NodeId, Value>();
  for (const text of texts) {
    const match = /^(\d{1,5})=(.+)$/.exec(text);
    const id = Number(match?.[1]);
    const value = parse(match?.[2] ?? '');
    if (!match || id > maxId || value === undefined)
      throw new EtherloomError('bad-option', `${option} ${text} is not valid; write it as ${form}`);
    map.set(id, value);
  }
  return map;
}

function portOf(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}
