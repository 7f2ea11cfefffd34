import { EtherloomError } from '../errors.ts';
import { vid } from '../wire/dot1q.ts';
import { formatMac, macFromNumber } from '../wire/mac.ts';
import type { LabSwitch } from './lab-switch.ts';
import type { Network } from './network.ts';

/*
 * Networks as the figures of standards and papers draw them: numbered bridges, and the LANs to which they are attached, named by letters.
 */

/**
 * Adds a bridge. `1 0x222 = a c`: bridge 1, which is switch `b1`, has the identifier 0x222 and is attached to the LANs a and c, which are
 * hubs `lan-a` and `lan-c`, by its ports 1 and 2. The identifier is the MAC address; a longer one has the priority in the 16 bits before
 * it.
 */
export function bridge(net: Network, [number = '', id = '', equals, ...lans]: readonly string[]): LabSwitch {
  if (!/^\d+$/.test(number) || !/^0x[0-9a-f]{1,16}$/i.test(id) || equals !== '=' || lans.length === 0) {
    throw new EtherloomError('bad-option', 'a line that begins with "bridge" is incomplete; write it as: bridge 1 0x222 = a c');
  }
  const value = BigInt(id);
  const priority = Number(value >> 48n);
  const mac = formatMac(macFromNumber(Number(value & 0xffff_ffff_ffffn)));
  const added = net.switch(`b${number}`, { fstp: true, mac, ...(priority > 0 && { priority }) });
  for (const lan of lans) net.link(added, lanNamed(net, `lan-${lan}`));
  return added;
}

function lanNamed(net: Network, name: string): LabSwitch {
  return net.switches.find((one) => one.name === name) ?? net.switch(name, { hub: true });
}

/**
 * Throws EtherloomError('bad-state') unless a bridge is the root, or its ports have these roles: R, the root port; D, designated; A,
 * alternate, which is blocked.
 */
export function check(bridge: LabSwitch, equals: string | undefined, roles: readonly string[]): void {
  if (equals !== '=' || !roles.every((role) => /^(?:root|[RDA])$/.test(role))) {
    throw new EtherloomError(
      'bad-option',
      'a line that begins with "check" is incomplete; write it as: check b1 = root, or check b1 = R D A',
    );
  }
  const found = rolesOf(bridge);
  if (found === roles.join(' ') || (roles[0] === 'root' && /^[D ]*$/.test(found))) return;
  throw new EtherloomError(
    'bad-state',
    `the check of ${bridge.name} failed: its ports are ${found}, not ${roles.join(' ')}; compare them with the figure`,
  );
}

/**
 * Returns the roles of a bridge's ports, in their order: `R D A`.
 *
 * @example
 * ```ts
 * import { play, rolesOf } from 'etherloom/lab';
 *
 * using net = play(`
 *   bridge 1 0x111 = a
 *   bridge 2 0x222 = a
 *   run 60`);
 * console.log(rolesOf(net.switchNamed('b1'))); // D
 * console.log(rolesOf(net.switchNamed('b2'))); // R
 * ```
 */
export function rolesOf({ switch: { fstp } }: LabSwitch): string {
  const { rootPort, ports } = fstp.state(vid(0));
  return ports.map(({ number, forwarding }) => (number === rootPort ? 'R' : forwarding ? 'D' : 'A')).join(' ');
}
