/** Parsers of option values for commander: each function returns the value of a text, or throws InvalidArgumentError. */
import { InvalidArgumentError } from 'commander';
import { parseQuality } from '../impairment/impairment-text.ts';
import type { Quality } from '../impairment/impairment.ts';
import { maxId, type NodeId } from '../star/identity.ts';
import { gidNamed } from '../system/accounts.ts';
import { isGroupMac, parseMac, type MacAddress } from '../wire/mac.ts';

/** Parses an impairment in wirefilter's words: `loss 5, delay 20+5`. */
export function quality(value: string): Quality {
  try {
    return parseQuality(value);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Parses permission bits. */
export function octal(text: string): number {
  if (/^[0-7]{1,5}$/.test(text)) return parseInt(text, 8);
  throw new InvalidArgumentError('It must be an octal mode, as 660.');
}

/** Returns the id of a group, from its name or number. */
export function groupId(name: string): number {
  const gid = gidNamed(name);
  if (gid === undefined) throw new InvalidArgumentError('There is no such group.');
  return gid;
}

/** Parses the MAC address of one station. */
export function macAddress(text: string): MacAddress {
  const mac = parseMac(text);
  if (mac === undefined || isGroupMac(mac)) throw new InvalidArgumentError('It must be the address of one station, as 00:ff:00:00:00:01.');
  return mac;
}

/** Adds the value of a repeatable option to the earlier ones. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** Adds the id of a member to the earlier ones of a repeatable option. */
export function collectId(text: string, previous: readonly NodeId[]): readonly NodeId[] {
  return [...previous, integer(1, maxId)(text)];
}

/** Returns the parser of whole numbers from `least` to `most`. */
export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}

/** Parses a set of ports: `all`, or numbers and ranges as `1,4-9`. Returns whether a port is in it. */
export function portSet(text: string): (port: number) => boolean {
  if (text === 'all') return () => true;
  const ranges = text.split(',').map((part) => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part));
  const bounds = ranges.map((range) => [Number(range?.[1]), Number(range?.[2] ?? range?.[1])] as const);
  if (bounds.every(([first, last]) => first <= last)) return (port) => bounds.some(([first, last]) => port >= first && port <= last);
  throw new InvalidArgumentError('It must be all, or numbers of ports, as 1,4-9.');
}
