import type { Target } from '../target.ts';
import { captureTarget } from './captures.ts';
import { consoleTarget } from './console.ts';
import { controlTarget } from './control.ts';
import { dhcpTarget } from './dhcp.ts';
import { frameTarget } from './frames.ts';
import { fstpTarget } from './fstp.ts';
import { starTargets } from './star.ts';
import { streamTargets } from './streams.ts';
import { switchTarget } from './switching.ts';
import { tlsTargets } from './tls.ts';
import { tunnelTargets } from './tunnels.ts';

/** All that is fuzzed. */
export const targets: readonly Target[] = [
  controlTarget,
  consoleTarget,
  fstpTarget,
  ...streamTargets,
  switchTarget,
  dhcpTarget,
  frameTarget,
  captureTarget,
  ...tunnelTargets,
  ...starTargets,
  ...tlsTargets,
];

/** Returns the target of that name. Throws when there is none. */
export function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (!target) throw new Error(`no target ${name}: there are ${targets.map((one) => one.name).join(', ')}`);
  return target;
}
