import { spawnSync } from 'node:child_process';
import { parseIpv4, parseIpv4Network, type Ipv4Address, type Ipv4Network } from '../../../src/wire/ipv4.ts';

/** Skips a test where the real libslirp is not installed; in CI it is. */
export function needsSlirp(context: { skip: (reason: string) => never }): void {
  absent ??= spawnSync('/usr/bin/vde_plug', ['slirp:///v4'], { input: '' }).status !== 0;
  if (absent && process.env['CI'] === undefined) context.skip('vdeplug and libvdeplug-slirp are not installed');
}

let absent: boolean | undefined;

/** Returns an address, and a network, as text. */
export const ip = (text: string): Ipv4Address => parseIpv4(text) ?? fail(text);
export const net = (text: string): Ipv4Network => parseIpv4Network(text) ?? fail(text);

function fail(text: string): never {
  throw new Error(`not an address: ${text}`);
}
