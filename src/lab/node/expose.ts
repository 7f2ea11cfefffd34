import { EtherloomError } from '../../errors.ts';
import type { VdeDirectoryOptions } from '../../ports/vde/vde-directory.ts';
import { requireLinux } from '../../system/linux.ts';
import type { Network } from '../network.ts';
import { checkOptions } from '../words.ts';
import type { Exposure } from './exposed-switch.ts';

/** The known options. */
const exposeWords = { vde: 'text', log: 'function', mode: 'number', directoryMode: 'number', gid: 'number' } as const;

/** The options of an exposed switch. */
export interface ExposeOptions extends Omit<VdeDirectoryOptions, 'directory' | 'managementMode' | 'managementGid'> {
  /** The directory of its sockets, for `vde_plug DIR` and `-netdev vde,sock=DIR`; its parent must exist. */
  readonly vde: string;
  /** Called when clients connect and disconnect. Default: no log. */
  readonly log?: (message: string) => void;
}

/**
 * Lets the real world join a switch of a network. From then on, until the last exposure is disposed, the network lives in real time, even outside of
 * `run`; `run` then takes as long as the time that it is given. The real world's actions differ each time, so such a run cannot be recorded.
 *
 * Rejects with an EtherloomError: `not-supported` on a system other than Linux, `bad-state` if the network is recorded, `bad-option` if
 * there is no such switch, and what VdeListener.open throws.
 *
 * @example
 * ```ts
 * import { lab } from 'etherloom/lab';
 * import { expose } from 'etherloom/lab/node';
 *
 * using net = lab();
 * net.dhcp(net.switch('s1'));
 * await using exposure = await expose(net, 's1', { vde: './lab.ctl' });
 * console.log(`qemu-system-x86_64 -netdev vde,id=n,sock=${exposure.directory} …`);
 * ```
 */
export async function expose(net: Network, name: string, options: ExposeOptions): Promise<Exposure> {
  requireLinux('expose of etherloom/lab/node');
  checkOptions(options, exposeWords);
  const { vde, log = () => undefined, ...modes } = options;
  const { fabric } = net;
  if (fabric.record)
    throw new EtherloomError(
      'bad-state',
      'cannot expose a network that is recorded: the real world cannot be replayed; make the network without { record: true }',
    );
  const at = net.switchNamed(name);
  // The sockets need native code, which a test in virtual time does not need.
  const { exposeSwitch } = await import('./exposed-switch.ts');
  return exposeSwitch(at, fabric, { ...modes, directory: vde }, log);
}
