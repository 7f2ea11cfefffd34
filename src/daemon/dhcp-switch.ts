import { openDhcpService } from './dhcp-service.ts';
import { openGateway, planGateway, type GatewayWish } from './gateway.ts';
import { ManagedSwitch, type ManagedSwitchOptions } from './managed-switch.ts';
import { NetworkPlan, type NetworkOptions } from '../dhcp/network-plan.ts';
import { inScope } from './scope.ts';
import { segmentMtu, warnOfLargeMtu } from './segment-mtu.ts';
import type { ServeContext } from './serve.ts';
import { StateDirectory } from './state-directory.ts';
import type { ServiceEnvironment, SwitchService } from './switch-service.ts';

/** A network that a switch serves by DHCP. */
export interface ServedNetwork extends NetworkOptions {
  /** The directory of the leases. */
  readonly state: string;
  /** The gateway to the Internet. Default: none. */
  readonly gateway?: GatewayWish | undefined;
}

/** A running switch. */
export interface OpenedSwitch extends AsyncDisposable {
  readonly service: SwitchService;
}

/**
 * Opens a managed switch with a DHCP server in it, for `etherloom switch --dhcp`. Throws the EtherloomErrors of NetworkPlan, planGateway,
 * StateDirectory.open, ManagedSwitch.open, openDhcpService and openGateway; then nothing stays open.
 */
export function openDhcpSwitch(
  { state: directory, gateway: wish, ...options }: ServedNetwork,
  switchOptions: ManagedSwitchOptions,
  environment: ServiceEnvironment & Pick<ServeContext, 'signal' | 'end'>,
): Promise<OpenedSwitch> {
  return inScope(async (scope) => {
    const { network, gateway } = wish ? planGateway(options, wish) : { network: options, gateway: undefined };
    const plan = new NetworkPlan(network);
    warnOfLargeMtu(network.mtu ?? segmentMtu, environment.log);
    const state = scope.use(StateDirectory.open(directory));
    const managed = scope.use(await ManagedSwitch.open(switchOptions, environment, environment));
    await openDhcpService({ served: plan.dhcp, mtu: network.mtu, state }, managed, environment, scope);
    const { service } = managed;
    if (gateway) await openGateway(gateway, service.plane);
    return { service, [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose]() };
  });
}
