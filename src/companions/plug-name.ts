/**
 * The place of a plug, in the notation of VDE's tools: a switch's directory, optionally followed by a port in brackets, or a URL.
 *
 *     (nothing)  DIR  DIR[5]  [5]  DIR[port=5]  DIR[portgroup=lab]  DIR[group=staff/mode=0660]  vde://DIR[5]  tap://NAME  slirp:///WORDS
 *     FILE with a name in it
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EtherloomError } from '../errors.ts';
import type { SlirpOptions } from '../ports/slirp/slirp.ts';
import { homeDirectory } from '../system/user-directories.ts';

/** A switch. */
export interface SwitchPlace {
  readonly kind: 'switch';
  /** The switch's directory; undefined for the standard ones. */
  readonly directory: string | undefined;
  /** 0 is the management port. */
  readonly port?: number;
  readonly portGroup?: string;
  readonly group?: string;
  /** The permissions of the plug's own socket. */
  readonly mode?: number;
}

/** The place of a plug. */
export type PlugPlace =
  | SwitchPlace
  /** An address of another driver: `tap://NAME`. Whether that driver exists is checked when it is opened. */
  | { readonly kind: 'address'; readonly address: string }
  /** A shell command whose standard input and output are the stream. */
  | { readonly kind: 'command'; readonly line: string }
  /** The Internet by libslirp, with the address in its own syntax: `slirp:///v4/addr=10.0.2.2\/24`. */
  | { readonly kind: 'slirp'; readonly address: string }
  /** The Internet by libslirp, with our own settings; `dhcp` enables its DHCP server. */
  | { readonly kind: 'slirp-network'; readonly config: SlirpOptions['config']; readonly dhcp: boolean };

/** The tags allowed in brackets. A tag may be abbreviated; the first match counts. */
const tags = ['port', 'portgroup', 'group', 'mode'] as const;

/** The size limit of a file with a name, in octets. */
const maxNameFile = 4096;

/**
 * Parses the name of a place. An empty name means the user's default. If the name is a file, the name is read from its first line. Throws
 * EtherloomError('bad-address') with the possible forms.
 */
export function plugPlace(name: string, home?: string): PlugPlace {
  const [path] = splitBrackets(name);
  if (path !== '') return placeOf(isFile(path) ? firstLine(path) : name);
  const at = home ?? homeDirectory();
  const files = at === undefined ? [] : ['.vdeplug/default', '.vde2/default.switch', '.vde2/stdsock'];
  const standard = files.map((file) => join(at ?? '', file)).find(isThere);
  if (standard === undefined) return placeOf(name);
  return placeOf(isFile(standard) ? firstLine(standard) : `${quote(standard)}${name}`);
}

function placeOf(name: string): PlugPlace {
  const [, scheme = 'vde', address = ''] = /^(?:([a-z][a-z0-9+-]*):\/\/)?(.*)$/is.exec(name) ?? [];
  if (scheme === 'vde') return switchPlace(address, name);
  if (scheme === 'cmd') return { kind: 'command', line: address };
  if (scheme === 'slirp') return { kind: 'slirp', address: `slirp://${address}` };
  if (scheme === 'ptp') throw withoutSwitch(name);
  return { kind: 'address', address: `${scheme}://${address}` };
}

function switchPlace(address: string, name: string): PlugPlace {
  const [path, inside] = splitBrackets(address);
  const [, near, far] = /^([^/]*:\d+)->([^/]*:\d+)$/.exec(path) ?? [];
  if (near !== undefined) throw new EtherloomError('bad-address', `cannot plug into ${name}; write it as udp://${near},${far}`);
  const place: SwitchPlace = { kind: 'switch', directory: path === '' ? undefined : unquote(path) };
  if (inside === undefined) return place;
  if (inside === '') throw withoutSwitch(name);
  return inside.split('/').reduce((sum, part) => ({ ...sum, ...tagged(part, name) }), place);
}

function tagged(part: string, name: string): Partial<SwitchPlace> {
  const [key = '', ...rest] = part.split('=');
  const value = unquote(rest.length > 0 ? rest.join('=') : key);
  const tag = rest.length === 0 ? (/^\d+$/.test(value) ? 'port' : 'portgroup') : tags.find((one) => key !== '' && one.startsWith(key));
  switch (tag) {
    case 'port':
      // VDE's library tries the number as the name of a group first.
      if (rest.length === 0) return { port: plugPort(value), portGroup: value };
      return { port: plugPort(value) };
    case 'portgroup':
      if (value.includes('/') || value === '..')
        throw new EtherloomError('bad-address', `cannot plug into ${name}: the name of a port group must not contain a slash`);
      return { portGroup: value };
    case 'group':
      return { group: value };
    case 'mode':
      return { mode: plugMode(value) };
    case undefined:
      throw new EtherloomError(
        'bad-address',
        `cannot plug into ${name}: ${part} is unknown; use port=N, portgroup=NAME, group=NAME or mode=OCTAL`,
      );
  }
}

/** Parses the number of a switch's port; 0 is its management port. Throws EtherloomError('bad-option'). */
export function plugPort(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new EtherloomError('bad-option', `${text} is not a port number; give one from 0, for example --port 5`);
}

/** Parses permissions in octal. Throws EtherloomError('bad-option'). */
export function plugMode(text: string): number {
  if (/^[0-7]{1,5}$/.test(text)) return parseInt(text, 8) & 0o777;
  throw new EtherloomError('bad-option', `${text} is not an octal mode; give one such as 0660`);
}

/** Splits a name into the part before the brackets at its end, and their content, which is undefined without brackets. */
function splitBrackets(name: string): [string, string?] {
  const match = /^(.*?)(?<!\\)\[([^\][]*)\]$/s.exec(name);
  return match ? [match[1] ?? '', match[2] ?? ''] : [name];
}

/** Removes the quotes of a URL: %XX, '...', "..." and \. */
function unquote(text: string): string {
  return text.replace(/'([^']*)'|"([^"]*)"|\\(.)|%([\da-f]{2})/gis, (...match: (string | undefined)[]) => {
    const [, single, double, escaped, hex] = match;
    return single ?? double ?? escaped ?? String.fromCharCode(parseInt(hex ?? '', 16));
  });
}

function quote(path: string): string {
  return path.replace(/[\\'"%[\]]/g, '\\$&');
}

function withoutSwitch(name: string): EtherloomError {
  return new EtherloomError(
    'bad-address',
    `cannot plug into ${name}: two plugs need a switch between them; start one, and plug both into it`,
  );
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function firstLine(path: string): string {
  const text = readFileSync(path);
  if (text.length > maxNameFile)
    throw new EtherloomError(
      'bad-address',
      `${path} is longer than ${maxNameFile} octets; put only the name of the switch in the first line of that file`,
    );
  return text.toString('utf8').split('\n', 1)[0]?.trim() ?? '';
}
