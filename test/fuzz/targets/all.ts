import type { Target } from '../target.ts';
import { captureTarget } from './captures.ts';
import { consoleTarget } from './console.ts';
import { controlTarget } from './control.ts';
import { dhcpTarget } from './dhcp.ts';
import { doorTargets } from './door.ts';
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
  ...doorTargets,
  ...tlsTargets,
];

/** All that a stranger sends to a star, or a false master to a slave. */
const starGroup: readonly Target[] = [...starTargets, ...doorTargets, ...tlsTargets];

/** Returns the target of that name, or those of the group `star`. Throws when there is none. */
export function targetsNamed(name: string): readonly Target[] {
  return name === 'star' ? starGroup : [targetNamed(name)];
}

/** Returns the target of that name. Throws when there is none. */
export function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (!target) throw new Error(`no target ${name}: there are ${targets.map((one) => one.name).join(', ')}`);
  return target;
}
