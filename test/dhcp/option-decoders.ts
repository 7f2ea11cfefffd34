import { decodeText, isDomainName, type ClasslessRoute, type RawOption } from '../../src/dhcp/options.ts';
import { ipv4NetworkOf, readIpv4 } from '../../src/wire/ipv4.ts';
import { parseHex, readUint16 } from '../../src/wire/octets.ts';

/**
 * Decodes the domain names of option 119, compressed or not. Returns undefined if a label or pointer is not valid. [RFC 3397, 2; RFC 1035,
 * 4.1.4]
 */
export function decodeDomainSearch(value: Uint8Array): readonly string[] | undefined {
  const names: string[] = [];
  for (let at = 0; at < value.length;) {
    const name = readName(value, at);
    if (name === undefined) return undefined;
    names.push(name.text);
    at = name.end;
  }
  return names;
}

/**
 * Decodes the routes in option 121; host bits of a destination are cleared. Returns undefined if a prefix is over 32 or a route is cut
 * short. [RFC 3442]
 */
export function decodeClasslessRoutes(value: Uint8Array): readonly ClasslessRoute[] | undefined {
  const routes: ClasslessRoute[] = [];
  for (let at = 0; at < value.length;) {
    const prefixLength = value[at++] ?? 0;
    const routerAt = at + significantOctets(prefixLength);
    if (prefixLength > 32 || routerAt + 4 > value.length) return undefined;
    const destination = new Uint8Array(4);
    destination.set(value.subarray(at, routerAt));
    routes.push({ network: ipv4NetworkOf(readIpv4(destination, 0), prefixLength), router: readIpv4(value, routerAt) });
    at = routerAt + 4;
  }
  return routes;
}

/** Parses an option in text such as `43:0104c0a80001`. Returns undefined for any other text, or a code that is not from 1 to 254. */
export function parseRawOption(text: string): RawOption | undefined {
  const [, digits, hex] = /^(\d{1,3}):(.*)$/s.exec(text) ?? [];
  const code = Number(digits);
  const value = hex === undefined ? undefined : parseHex(hex);
  return value !== undefined && code >= 1 && code <= 254 ? { code, value } : undefined;
}

/** Returns a name and the offset of the next one. A pointer must lead back beyond the start of its chain, so that every chain ends. */
function readName(value: Uint8Array, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let before = start;
  for (let at = start; ;) {
    const length = value[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) {
      end ??= at + 2;
      at = readUint16(value, at) & 0x3fff;
      if (at >= before) return undefined;
      before = at;
    } else if (length === 0) {
      const text = labels.join('.');
      return isDomainName(text) ? { text, end: end ?? at + 1 } : undefined;
    } else {
      if (length > 63 || labels.length > 127) return undefined;
      labels.push(decodeText(value.subarray(at + 1, at + 1 + length)) ?? '');
      at += 1 + length;
    }
  }
}

function significantOctets(prefixLength: number): number {
  return Math.ceil(prefixLength / 8);
}
