import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { checkPlain } from '../daemon/plain.ts';
import { say } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import type { Log } from '../log.ts';
import { maxId, type NodeId } from '../star/identity.ts';
import { Master, type MasterOptions } from '../launcher/master.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { parseIpv4 } from '../wire/ipv4.ts';
import { gatewayOf, type GatewayArguments } from './gateway-arguments.ts';
import { lineOutlet } from './line-text.ts';
import { runManagedService } from './managed-service.ts';
import { networkOf, networkSettings, refuseWithoutDhcp, serviceOptions, type NetworkArguments } from './network-arguments.ts';
import { backlogBounds, cardWish, guestWish, nodeFaces, nodePorts, sayCard, type NodeArguments } from './node-arguments.ts';

/** The options of `etherloom master`, as commander parses them. */
export interface MasterArguments extends NodeArguments, NetworkArguments, GatewayArguments {
  readonly listen?: string;
  readonly subnet?: string;
  readonly advertise: readonly string[];
  readonly lineFile?: string;
  readonly approve: boolean;
  readonly control?: number;
  readonly dhcp: boolean;
  readonly slavePort: readonly string[];
  readonly reserve: readonly string[];
  readonly trustDhcp: readonly NodeId[];
  readonly openMember: readonly NodeId[];
  readonly maxLinks: number;
}

/** Implements `etherloom master`, the centre of a star. Returns the exit status. */
export function runMaster(given: MasterArguments): Promise<number> {
  return runManagedService('master', given, async (environment) => {
    const { log } = environment;
    const state = given.state ?? defaultStateDirectory('master', log.warn);
    const { management, standing } = await nodeFaces(given, { role: 'master', state }, environment);
    const options = { ...optionsOf(given), management };
    if (given.plain) checkPlain(options.listen ?? { host: '::' }, true, log.warn);
    const sock = given.sock ?? defaultSocketDirectory('master');
    const master = await Master.open({ ...options, ports: nodePorts(given, log.warn), sock, state }, { ...environment, standing });
    say(`sock ${master.sock}`);
    say(`link ${master.link}`);
    say(`control ${master.control}`);
    sayCard(master.card);
    await tellLines(master, given, log);
    return master;
  });
}

/** Tells the user the line by which hosts join: at the first start of a group, and only where it stays secret. */
async function tellLines(master: Master, { lineFile, state }: MasterArguments, log: Log): Promise<void> {
  const outlet = lineOutlet(lineFile);
  if (master.hasEnded) log.warn('the group of this state was ended, and hosts that come are told so; begin a new one with another --state');
  else if (master.isNew && outlet) await outlet(await master.newLines({ uses: 'any' }));
  else log(`hosts join by a line: make one with "etherloom token new${state === undefined ? '' : ` --state ${state}`}"`);
}

/** Returns the settings without the directories and ports. Throws EtherloomError: `bad-option`, `bad-address`. */
function optionsOf(given: MasterArguments): Omit<MasterOptions, 'sock' | 'state' | 'ports' | 'management'> {
  const { listen, subnet, control: controlPort, dhcp, router, dns, range, domain, leaseTime, maxLinks, linkMtu, plain, approve } = given;
  // With --no-dhcp a guest serves the network. It does not know these settings, but it is told the MTU.
  if (!dhcp) {
    const options = { '--router': router, '--dns': dns, '--range': range, '--domain': domain, '--lease-time': leaseTime };
    refuseWithoutDhcp({ ...options, ...serviceOptions(given) }, 'leave out --no-dhcp');
  }
  return {
    ...(listen !== undefined && { listen: parseTcpAddress(listen) }),
    ...(subnet === undefined ? networkSettings(given) : networkOf('--subnet', subnet, given)),
    advertise: given.advertise.map((address) => parseTcpAddress(address)),
    gateway: gatewayOf(given, dhcp ? undefined : 'leave out --no-dhcp'),
    slavePorts: idMap(given.slavePort, '--slave-port', 'ID=PORT', portOf),
    trustDhcp: given.trustDhcp,
    openMembers: given.openMember,
    reservations: idMap(given.reserve, '--reserve', 'ID=ADDRESS', parseIpv4),
    controlPort,
    dhcp,
    maxLinks,
    linkMtu,
    plain,
    approve,
    shortcuts: given.shortcuts,
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
