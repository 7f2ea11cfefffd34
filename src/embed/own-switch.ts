import { openDhcpSwitch, type OpenedSwitch } from '../daemon/dhcp-switch.ts';
import { ManagedSwitch } from '../daemon/managed-switch.ts';
import { checkPortPlain } from '../daemon/plain.ts';
import type { Port, PortNumber } from '../ports/pure/port.ts';
import type { Switch } from '../switch/switch.ts';
import { networkFromText, type ServedNetworkOptions } from './network-text.ts';
import { stageOf, type Running, type Surroundings } from './surroundings.ts';

/** The DHCP server of a switch. */
export interface OwnDhcpOptions extends ServedNetworkOptions {
  /** The directory of the leases; its parent must exist. */
  readonly state: string;
}

/** A switch in a program of one's own. */
export interface OwnSwitchOptions {
  /** The directory in which clients find the switch; its parent must exist. */
  readonly directory: string;
  /** Permission bits of the sockets in it. Default: 0600. */
  readonly mode?: number | undefined;
  /** Addresses of ports to open, as `tcp-listen://127.0.0.1:7000` or `tap://NAME`. Default: none. */
  readonly ports?: readonly string[] | undefined;
  /** How many ports it may have, the management port included. Default: 1,024. */
  readonly numports?: number | undefined;
  /** True if new ports pass all VLANs with their tags. Default: true. */
  readonly trunk?: boolean | undefined;
  /** True if it is a hub, which repeats every frame. Default: false. */
  readonly hub?: boolean | undefined;
  /** True if it takes part in spanning trees from the beginning. Default: false. */
  readonly fstp?: boolean | undefined;
  /** The path of its console's socket, for `vdecmd -s PATH`. Default: it has no console. */
  readonly console?: string | undefined;
  /** The network that it serves by DHCP. Default: none. */
  readonly dhcp?: OwnDhcpOptions | undefined;
  /** Accepts links beyond this machine, which are not encrypted. Default: false. */
  readonly plain?: boolean | undefined;
}

/** A switch that runs in a program of one's own, until it is disposed. */
export interface OwnSwitch extends Running {
  /** The bridge itself: its ports, stations, VLANs and trees. */
  readonly bridge: Switch;
  /** Opens a port at an address, as `tcp://127.0.0.1:7000`. Throws EtherloomError: `bad-address`, or what the port's driver throws. */
  openPort(address: string): Promise<void>;
  /** Puts a port that the program has made at the lowest free number, and returns that. Throws EtherloomError('busy') when none is free. */
  addPort(port: Port): PortNumber;
  /** Runs `work`, in which ports may receive frames; at its end each touched port is flushed. */
  breath(work: () => void): void;
}

/** Opens a switch, for `openSwitch` of the door. */
export async function ownSwitch(options: OwnSwitchOptions, surroundings: Surroundings): Promise<OwnSwitch> {
  const { environment, ended } = stageOf(surroundings);
  const { dhcp, plain = false, console: path, ports = [], trunk = true, numports = 1024, hub = false, fstp = false, ...rest } = options;
  const check = (address: string): void => checkPortPlain(address, { plain, option: '{ plain: true }' }, environment.log.warn);
  ports.forEach(check);
  const switchOptions = { ...rest, ports, trunk, numports, hub, fstp, console: path === undefined ? undefined : { path } };
  const opened: OpenedSwitch = dhcp
    ? await openDhcpSwitch({ ...networkFromText(dhcp), state: dhcp.state }, switchOptions, environment)
    : await ManagedSwitch.open(switchOptions, environment, environment);
  const { service } = opened;
  return {
    ended,
    directory: service.directory,
    bridge: service.plane.switch,
    openPort: async (address) => {
      check(address);
      await service.openPort(address);
    },
    addPort: (port) => service.plane.add(port),
    breath: service.plane.breath,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
