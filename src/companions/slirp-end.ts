import { startCommand } from '../ports/command.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { checkForwards } from '../ports/slirp/forwards.ts';
import { withoutDhcp } from '../ports/slirp/gateway-filter.ts';
import { slirpAddress } from '../ports/slirp/slirp-address.ts';
import { checkSlirp, findSlirpProgram } from '../ports/slirp/slirp-program.ts';
import { startSlirp } from '../ports/slirp/slirp.ts';
import type { PlugEnd } from './cable.ts';
import type { PlugPlace } from './plug-name.ts';

/** Starts libslirp by its address. Throws the EtherloomErrors of `findSlirpProgram` and `checkSlirp`. */
export async function openSlirpAddress(address: string, environment: PortEnvironment): Promise<PlugEnd> {
  const program = findSlirpProgram();
  await checkSlirp(program, address);
  const command = await startCommand([program, address], environment, { packets: true, manyDescriptors: true });
  return withFailure(command, () => command.finish());
}

/**
 * Starts libslirp with a network, and resolves when it answers. Throws EtherloomError: `busy` if a forwarded port is taken, `missing-peer`.
 */
export async function openSlirpNetwork(
  { config, dhcp }: Extract<PlugPlace, { readonly kind: 'slirp-network' }>,
  environment: PortEnvironment,
): Promise<PlugEnd> {
  const program = findSlirpProgram();
  await checkForwards(config.forwards ?? []);
  await checkSlirp(program, slirpAddress(config));
  const slirp = await startSlirp({ config, ...(!dhcp && { filter: withoutDhcp }) }, environment);
  return withFailure(slirp, slirp.ended);
}

/** Treats the end of libslirp as a failure: unlike a switch, it ends only if something is wrong. */
function withFailure(end: PlugEnd, ended: () => Promise<string>): PlugEnd {
  return {
    port: end.port,
    failure: async () => `libslirp ended: ${await ended()}`,
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  };
}
