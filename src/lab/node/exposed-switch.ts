import { realClock } from '../../clock.ts';
import { logTo } from '../../log.ts';
import { BacklogBudget } from '../../ports/pure/backlog.ts';
import type { PortEnvironment } from '../../ports/environment.ts';
import { maxFrame, type Acceptor, type Port } from '../../ports/pure/port.ts';
import type { VdeDirectoryOptions } from '../../ports/vde/vde-directory.ts';
import { VdeListener } from '../../ports/vde/vde-listener.ts';
import { openLoop } from '../../system/loop.ts';
import type { Fabric } from '../fabric.ts';
import type { LabSwitch } from '../lab-switch.ts';
import { Border } from './border.ts';
import { RealTime } from './real-time.ts';

/** A switch of the lab that others can join, until it is disposed. */
export interface Exposure extends AsyncDisposable {
  /** The canonical path of the directory. */
  readonly directory: string;
}

/**
 * Opens the directory of a switch of the lab, and lets its network live in real time until that is disposed. Throws what VdeListener.open
 * throws.
 */
export function exposeSwitch(at: LabSwitch, fabric: Fabric, options: VdeDirectoryOptions, log: (message: string) => void): Exposure {
  const time = RealTime.use(fabric, realClock);
  const ports = new Set<Port>();
  let open = true;
  try {
    const listener = VdeListener.open({ ...options, acceptor: acceptorOf(at, ports) }, environmentOf(at, time, log));
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

/** Assigns clients to the free places of the switch. There is no management port. */
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

/** Returns the environment in which one round of the event loop is one breath of the switch, at the current real time. */
function environmentOf(at: LabSwitch, time: RealTime, log: (message: string) => void): PortEnvironment {
  const breath = (work: () => void): void => time.around(() => at.breath(work));
  const loop = openLoop({ frameSize: maxFrame, breath });
  return { clock: realClock, log: logTo(log), breath, release: at.release, loop, budget: new BacklogBudget() };
}
