import { startCommand } from '../ports/command.ts';
import type { PortEnvironment } from '../ports/environment.ts';
import { checkForwards } from '../ports/slirp/forwards.ts';
import { withoutDhcp } from '../ports/slirp/gateway-filter.ts';
import { slirpAddress } from '../ports/slirp/slirp-address.ts';
import { checkSlirp, findSlirpProgram } from '../ports/slirp/slirp-program.ts';
import { startSlirp } from '../ports/slirp/slirp.ts';
import type { PlugEnd } from './cable.ts';
import type { PlugPlace } from './plug-name.ts';

/** Starts libslirp with an address in its own syntax. Throws the EtherloomErrors of `findSlirpProgram` and `checkSlirp`. */
export async function openSlirpAddress(address: string, environment: PortEnvironment): Promise<PlugEnd> {
  const program = findSlirpProgram();
  await checkSlirp(program, address);
  const command = await startCommand([program, address], environment, { packets: true, manyDescriptors: true });
  return withFailure(command, () => command.finish());
}

/**
 * Starts libslirp with the given network, and resolves when it answers. Throws EtherloomError: `busy` if a forwarded port is in use,
 * `missing-peer` if libslirp is missing.
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

/** Makes the end of libslirp a failure. Unlike a switch, it ends only if something is wrong. */
function withFailure(end: PlugEnd, ended: () => Promise<string>): PlugEnd {
  return {
    port: end.port,
    failure: async () => `libslirp ended: ${await ended()}`,
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  };
}
