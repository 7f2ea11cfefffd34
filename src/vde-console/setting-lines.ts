import type { Operation } from '../management/operation.ts';
import * as addresses from '../management/operations/addresses.ts';
import { impairPort, setUp } from '../management/operations/conditions.ts';
import { addLink } from '../management/operations/links.ts';
import { addMirror } from '../management/operations/mirrors.ts';
import * as ports from '../management/operations/ports.ts';
import * as stations from '../management/operations/stations.ts';
import * as trees from '../management/operations/trees.ts';
import * as vlans from '../management/operations/vlans.ts';
import type { Setting } from '../management/settings/setting.ts';

type Write = (args: Setting['args']) => string;

/** The commands that make settings. They are the inverse of the menus' parsers. */
const commands: ReadonlyMap<string, Write> = new Map([
  write(ports.setNumports, ({ count }) => `port/setnumports ${count}`),
  write(ports.setHub, ({ hub }) => `port/sethub ${Number(hub)}`),
  write(ports.createPort, ({ port = 0 }) => `port/create ${port}`),
  write(ports.setUser, ({ port, name }) => `port/setuser ${port} ${name}`),
  write(ports.setGroup, ({ port, name }) => `port/setgroup ${port} ${name}`),
  write(ports.setUntagged, ({ port, vlan }) => `port/setvlan ${port} ${vlan === 'none' ? 4095 : vlan}`),
  write(ports.setSticky, ({ port, sticky }) => `port/sticky ${port} ${Number(sticky)}`),
  write(ports.setGuard, ({ port, guarded }) => `port/guard ${port} ${Number(guarded)}`),
  write(ports.setAllocatable, ({ port, allocatable }) => `port/allocatable ${port} ${Number(allocatable)}`),
  write(impairPort, ({ port, words }) => `port/impair ${port} ${words}`),
  write(setUp, ({ port, up }) => `port/${up ? 'up' : 'down'} ${port}`),
  write(stations.setTableSize, ({ size }) => `hash/setsize ${size}`),
  write(stations.setSweeps, ({ seconds }) => `hash/setgcint ${seconds}`),
  write(stations.setExpiry, ({ seconds }) => `hash/setexpire ${seconds}`),
  write(stations.setPersistence, ({ seconds }) => `hash/setminper ${seconds}`),
  write(vlans.createVlan, ({ vlan }) => `vlan/create ${vlan}`),
  write(vlans.addMember, ({ vlan, port }) => `vlan/addport ${vlan} ${port}`),
  write(vlans.removeMember, ({ vlan, port }) => `vlan/delport ${vlan} ${port}`),
  write(vlans.setTrunk, ({ port, trunk }) => `vlan/trunk ${port} ${Number(trunk)}`),
  write(trees.setMaxAge, ({ bridges }) => `fstp/maxage ${bridges}`),
  write(trees.setBothEnds, ({ both }) => `fstp/bothends ${Number(both)}`),
  write(trees.setBonus, ({ vlan, port, cost }) => `fstp/bonus ${vlan} ${port} ${cost}`),
  write(trees.setTree, ({ on }) => `fstp/setfstp ${Number(on)}`),
  write(addMirror, ({ port, to, quiet = false }) => `mirror/add ${port} ${to}${quiet ? ' quiet' : ''}`),
  write(addresses.addRange, ({ range }) => `iplog/ipadd ${range}`),
  write(addresses.setAddressSweeps, ({ seconds }) => `iplog/setgcint ${seconds}`),
  write(addresses.setAddressExpiry, ({ seconds }) => `iplog/setexpire ${seconds}`),
  write(addLink, ({ address, plain = false }) => `link/add ${address}${plain ? ' plain' : ''}`),
]);

/** Returns settings as lines of a script. */
export function linesOf(settings: readonly Setting[]): string[] {
  const lines = settings.map(lineOf);
  const first = lines.findIndex((line) => line.startsWith('iplog/'));
  return first < 0 ? lines : [...lines.slice(0, first), 'plugin/add iplog', ...lines.slice(first)];
}

/** Returns a setting as a line. Port 0 is not created by a command, so its settings are comments, to be run once its client is there. */
function lineOf({ name, args }: Setting): string {
  const line = commands.get(name)?.(args) ?? `# ${name} has no command`;
  return args['port'] === 0 || args['to'] === 0 ? `# ${line}` : line;
}

function write<Args>(operation: Operation<Args, unknown>, line: (args: Args) => string): [string, Write] {
  return [operation.name, (args) => line(args as Args)];
}
