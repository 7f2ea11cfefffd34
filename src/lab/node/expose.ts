import { realClock } from '../../clock.ts';
import { EtherloomError } from '../../errors.ts';
import { logTo } from '../../log.ts';
import { BacklogBudget } from '../../ports/backlog.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { maxFrame, type Acceptor, type Port } from '../../ports/port.ts';
import type { VdeDirectoryOptions } from '../../ports/vde-directory.ts';
import { VdeListener } from '../../ports/vde-listener.ts';
import { openLoop } from '../../system/loop.ts';
import type { LabSwitch } from '../lab-switch.ts';
import type { Network } from '../network.ts';
import { checkOptions } from '../words.ts';
import { Border } from './border.ts';
import { RealTime } from './real-time.ts';

/** The options that there are. */
const exposeWords = { vde: 'text', log: 'function', mode: 'number', directoryMode: 'number', gid: 'number' } as const;

/** How a switch of the lab is exposed. */
export interface ExposeOptions extends Omit<VdeDirectoryOptions, 'directory' | 'managementMode' | 'managementGid'> {
  /** The directory of its sockets, for `vde_plug DIR` and `-netdev vde,sock=DIR`; its parent must exist. */
  readonly vde: string;
  /** Is told who comes and goes. Default: nobody. */
  readonly log?: (message: string) => void;
}

/** A switch of the lab that others can join, until it is disposed. */
export interface Exposure extends AsyncDisposable {
  /** The canonical path of the directory. */
  readonly directory: string;
}

/**
 * Lets the real world join a switch of a network. From then on, until the last exposure is disposed, the network lives in real time, also
 * while it is not told to run; `run` takes as long as it says. What the real world does is not the same twice: a run of this kind cannot
 * be recorded.
 *
 * Throws EtherloomError: `bad-state` when the network is recorded, `bad-option` when there is no such switch, and what VdeListener.open
 * throws.
 */
export function expose(net: Network, name: string, options: ExposeOptions): Exposure {
  checkOptions(options, exposeWords);
  const { vde, log = () => undefined, ...modes } = options;
  const { fabric } = net;
  if (fabric.record)
    throw new EtherloomError(
      'bad-state',
      'cannot expose a network that is recorded: the real world cannot be replayed; make the network without { record: true }',
    );
  const at = net.switchNamed(name);
  const time = RealTime.use(fabric, realClock);
  const ports = new Set<Port>();
  let open = true;
  try {
    const listener = VdeListener.open({ ...modes, directory: vde, acceptor: acceptorOf(at, ports) }, environmentOf(at, time, log));
    return {
      directory: listener.address,
      [Symbol.asyncDispose]: async () => {
        if (!open) return;
        open = false;
        await listener[Symbol.asyncDispose]();
        await Promise.all(Array.from(ports, (port) => port[Symbol.asyncDispose]()));
        time.leave();
      },
    };
  } catch (error) {
    time.leave();
    throw error;
  }
}

/** Gives clients the places of the switch that are free. There is no management port. */
function acceptorOf(at: LabSwitch, ports: Set<Port>): Acceptor {
  return {
    choose: (wish) => {
      if (wish === 'management') return { reason: 'no-management', ports: ports.size };
      if (wish === 'any') return at.freePort();
      return at.freePort(wish - 1) === wish ? wish : { reason: 'crowded', ports: ports.size };
    },
    accept: (port, number) => {
      ports.add(port);
      at.plug(new Border(port, () => ports.delete(port)), number);
    },
  };
}

/** One round of the event loop is one breath of the switch, at the time that it is. */
function environmentOf(at: LabSwitch, time: RealTime, log: (message: string) => void): PortEnvironment {
  const breath = (work: () => void): void => time.around(() => at.breath(work));
  return { clock: realClock, log: logTo(log), breath, loop: openLoop({ frameSize: maxFrame, breath }), budget: new BacklogBudget() };
}
