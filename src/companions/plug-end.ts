import { assert, EtherloomError, errnoText, SystemError } from '../errors.ts';
import { startCommand } from '../ports/command.ts';
import { withConsent } from '../ports/address-options.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { exposureOf } from '../ports/exposure.ts';
import { PipePort } from '../ports/stream/pipe-port.ts';
import type { Acceptor, Port } from '../ports/pure/port.ts';
import { VdeClient, type VdeClientOptions } from '../ports/vde/vde-client.ts';
import { gidNamed, userName } from '../system/accounts.ts';
import { sharedEnd } from '../system/pipe.ts';
import type { PlugEnd } from './cable.ts';
import type { PlugPlace, SwitchPlace } from './plug-name.ts';

/** Settings given separately from the plug's address; the address takes precedence. */
export interface PlugSettings {
  readonly port?: number | undefined;
  readonly group?: string | undefined;
  /** The permissions of the plug's own socket. */
  readonly mode?: number | undefined;
  /** The text that the switch shows for the plug. */
  readonly description: string;
}

/** The directories that are tried if none is named. */
const standardDirectories = ['/var/run/vde.ctl', '/tmp/vde.ctl'];

/** Opens a plug at a place. Throws an EtherloomError with the remedy. */
export async function openPlace(place: PlugPlace, settings: PlugSettings, environment: PortEnvironment): Promise<PlugEnd> {
  if (place.kind === 'command') return startCommand(['/bin/sh', '-c', place.line], environment);
  // Loaded on demand: few plugs need them, and each module costs start-up time.
  if (place.kind === 'slirp') return (await import('./slirp-end.ts')).openSlirpAddress(place.address, environment);
  if (place.kind === 'slirp-network') return (await import('./slirp-end.ts')).openSlirpNetwork(place, environment);
  return endOf(await (place.kind === 'switch' ? openSwitch(place, settings, environment) : openAddress(place.address, environment)));
}

/** Opens the stream on standard input and output; see PipePort for `halfOpen`. */
export function openStandard(environment: PortEnvironment, halfOpen = false): PlugEnd {
  const ends = { input: sharedEnd(0, 'read'), output: sharedEnd(1, 'write') };
  return endOf(new PipePort({ description: 'standard input and output', halfOpen, ...ends }, environment));
}

/** Returns the text that the switch shows for a plug: `name`, the user, and the address from which the user is logged in by SSH. */
export function describePlug(name: string): string {
  const uid = process.geteuid?.() ?? 0;
  const [ssh = ''] = (process.env['SSH_CLIENT'] ?? '').split(' ');
  return `${name} user=${userName(uid) ?? uid} pid=${process.pid}${ssh === '' ? '' : ` SSH=${ssh}`}`;
}

function groupId(name: string): number {
  const gid = gidNamed(name) ?? (/^\d{1,9}$/.test(name) ? Number(name) : undefined);
  if (gid === undefined) throw new EtherloomError('bad-option', `No such group '${name}'; name a group of this machine`);
  return gid;
}

async function openSwitch({ directory, ...place }: SwitchPlace, settings: PlugSettings, environment: PortEnvironment): Promise<Port> {
  const { description } = settings;
  const { port, portGroup, group, mode } = { ...definedOf(settings), ...place };
  const options: Omit<VdeClientOptions, 'directory'> = {
    description,
    portGroup,
    mode,
    gid: group === undefined ? undefined : groupId(group),
    wish: port === undefined ? 'any' : port === 0 ? 'management' : port,
  };
  if (directory !== undefined) return openDirectory(directory, options, environment);
  for (const standard of standardDirectories) {
    try {
      return await VdeClient.open({ directory: standard, ...options }, environment);
    } catch (error) {
      if (!isNobodyThere(error)) throw error;
    }
  }
  throw new EtherloomError('system', `no switch is at ${standardDirectories.join(' or ')}; start one, or give the directory of yours`);
}

async function openDirectory(directory: string, options: Omit<VdeClientOptions, 'directory'>, environment: PortEnvironment): Promise<Port> {
  try {
    return await VdeClient.open({ directory, ...options }, environment);
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    throw new EtherloomError(
      'system',
      `no switch is at ${directory}: ${errnoText(error.errno)}; start one there, or give the directory of yours`,
    );
  }
}

function isNobodyThere(error: unknown): error is SystemError {
  return error instanceof SystemError && ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(error.errno);
}

async function openAddress(address: string, environment: PortEnvironment): Promise<Port> {
  // The other drivers are loaded on demand, which saves start-up time. A plug ends when its TAP interface goes, whereas a port of a switch
  // waits for it to return.
  const [, tap] = /^tap:\/\/(.+)$/.exec(address) ?? [];
  if (tap !== undefined) return (await import('../ports/tap.ts')).TapPort.open(tap, environment);
  const { drivers, open, reachOf } = await import('../ports/open.ts');
  const known = drivers.filter(({ listens }) => !listens);
  const scheme = address.slice(0, address.indexOf(':'));
  if (!known.some((driver) => driver.scheme === scheme)) {
    const forms = [...known.map(({ form }) => form), 'slirp:///'].join(', ');
    throw new EtherloomError('bad-address', `cannot plug into ${address}: ${scheme}:// is not supported; use ${forms} or cmd://COMMAND`);
  }
  const { hosts, plain } = reachOf(address);
  if (hosts.some((host) => exposureOf(host, { plain }) === 'refused')) {
    const remedy = `carry the stream by ssh: dpipe vde_plug = ssh HOST vde_plug; or write ${withConsent(address)} if the network is private`;
    throw new EtherloomError('not-permitted', `cannot plug into ${address}: it would leave this machine unencrypted; ${remedy}`);
  }
  const opened = await open(address, environment, nobody);
  assert('port' in opened, 'a driver that does not listen opens a port');
  return opened.port;
}

const nobody: Acceptor = { choose: () => ({ reason: 'all-in-use', ports: 0 }), accept: () => undefined };

function endOf(port: Port): PlugEnd {
  return { port, [Symbol.asyncDispose]: () => port[Symbol.asyncDispose]() };
}

function definedOf({ port, group, mode }: PlugSettings): Pick<SwitchPlace, 'port' | 'portGroup' | 'group' | 'mode'> {
  return { ...(port !== undefined && { port }), ...(group !== undefined && { group }), ...(mode !== undefined && { mode }) };
}
