import { realClock } from '../clock.ts';
import { defaultSocketDirectory, defaultStateDirectory } from '../daemon/directories.ts';
import { openLog } from '../daemon/log.ts';
import { serve } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import { maxId, type NodeId } from '../launcher/identity.ts';
import { Master } from '../launcher/master.ts';
import { parseTcpAddress } from '../ports/tcp-address.ts';
import { realRandom } from '../random.ts';
import { parseIpv4, parseIpv4Network } from '../wire/ipv4.ts';
import { backlogBounds, checkPlain, guestWish, type NodeArguments } from './node-arguments.ts';

/** What `etherloom master` was given, as commander reads it. */
export interface MasterArguments extends NodeArguments {
  readonly listen: string;
  readonly subnet: string;
  readonly dhcp: boolean;
  readonly slavePort: readonly string[];
  readonly reserve: readonly string[];
  readonly leaseTime?: number;
  readonly maxLinks: number;
  readonly mtu: number;
}

/** `etherloom master`: the centre of a star. */
export async function runMaster(given: MasterArguments, say: (line: string) => void): Promise<void> {
  const log = openLog('etherloom master');
  const listen = parseTcpAddress(given.listen);
  const network = parseIpv4Network(given.subnet);
  if (!network) throw new EtherloomError('bad-option', `--subnet ${given.subnet} is no network: write 10.77.0.0/24, for example`);
  const slavePorts = idMap(given.slavePort, '--slave-port', 'ID=PORT', portOf);
  const reservations = idMap(given.reserve, '--reserve', 'ID=ADDRESS', parseIpv4);
  checkPlain(listen, given.plain, log.warn);
  await serve(async ({ signal }) => {
    const { control: controlPort, dhcp, leaseTime, maxLinks, linkMtu, mtu } = given;
    const master = await Master.open(
      {
        ...{
          listen,
          network,
          slavePorts,
          reservations,
          controlPort,
          dhcp,
          maxLinks,
          linkMtu,
          mtu,
          guest: guestWish(given),
          backlog: backlogBounds(given),
        },
        sock: given.sock ?? defaultSocketDirectory('master'),
        state: given.state ?? defaultStateDirectory('master', log.warn),
        ...(leaseTime !== undefined && { leaseTime }),
      },
      { clock: realClock, random: realRandom, log, signal },
    );
    say(`sock ${master.sock}`);
    say(`link ${master.link}`);
    say(`control ${master.control}`);
    return master;
  });
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
    if (!match || id > maxId || value === undefined) throw new EtherloomError('bad-option', `${option} ${text} is not ${form}`);
    map.set(id, value);
  }
  return map;
}

function portOf(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}
