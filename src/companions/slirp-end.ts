import { startCommand } from '../ports/command.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { checkForwards } from '../ports/slirp/forwards.ts';
import { withoutDhcp } from '../ports/slirp/gateway-filter.ts';
import { slirpAddress } from '../ports/slirp/slirp-address.ts';
import { checkSlirp, findSlirpProgram } from '../ports/slirp/slirp-program.ts';
import { startSlirp } from '../ports/slirp/slirp.ts';
import type { PlugEnd } from './plug-end.ts';
import type { PlugPlace } from './plug-name.ts';

/** Starts libslirp as its address says. Throws EtherloomError: what `findSlirpProgram` and `checkSlirp` throw. */
export async function openSlirpAddress(address: string, environment: PortEnvironment): Promise<PlugEnd> {
  const program = findSlirpProgram();
  await checkSlirp(program, address);
  return startCommand([program, address], environment, { packets: true, manyDescriptors: true });
}

/** Starts libslirp with a network, and resolves when it answers. Throws EtherloomError: `busy` when a forwarded port is taken, `missing-peer`. */
export async function openSlirpNetwork(
  { config, dhcp }: Extract<PlugPlace, { readonly kind: 'slirp-network' }>,
  environment: PortEnvironment,
): Promise<PlugEnd> {
  const program = findSlirpProgram();
  await checkForwards(config.forwards ?? []);
  await checkSlirp(program, slirpAddress(config));
  return startSlirp({ config, ...(!dhcp && { filter: withoutDhcp }) }, environment);
}
