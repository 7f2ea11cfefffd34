import type { Clock } from '../../clock.ts';
import { filesFor } from '../../console-server/console-files.ts';
import { ConsoleListener } from '../../console-server/console-listener.ts';
import { SocketKeeper } from '../../ports/socket-keeper.ts';
import { ownRights } from '../../console-server/own-rights.ts';
import type { Log } from '../../log.ts';
import { FrameLoop } from '../frame-loop.ts';
import { Autolink } from './autolink.ts';
import { AutolinkConsole } from './console.ts';
import { LocalSwitch } from './local-switch.ts';

/** The settings of `vde_autolink`. */
export interface AutolinkOptions {
  /** The switch's directory, absolute. */
  readonly sock: string;
  /** The socket of the switch's console. */
  readonly switchConsole: string;
  /** The socket of its own console. Default: none. */
  readonly management?: { readonly path: string; readonly mode: number } | undefined;
  /** A file of commands that are run at start-up. */
  readonly rcfile?: string | undefined;
  /** The working directory of the commands. Default: the one of this process. */
  readonly cwd?: string | undefined;
}

/** The resources of `vde_autolink`. */
export interface AutolinkEnvironment {
  readonly clock: Clock;
  readonly log: Log;
}

/** The program `vde_autolink`, which keeps up links of a switch by commands, and has a console to add them. */
export class AutolinkService implements AsyncDisposable {
  /** Resolves when the program should end: with undefined after `shutdown` at its console, otherwise with the reason. */
  readonly ended: Promise<string | undefined>;
  readonly #autolink: Autolink;
  readonly #switch: LocalSwitch;
  readonly #resources: readonly Disposable[];

  private constructor(autolink: Autolink, local: LocalSwitch, resources: readonly Disposable[], told: Promise<undefined>) {
    this.#autolink = autolink;
    this.#switch = local;
    this.#resources = resources;
    this.ended = Promise.race([told, local.gone]);
  }

  /**
   * Connects to the switch's console, opens its own, and runs the file of commands. Throws EtherloomError if the switch's console or its
   * own cannot be opened.
   */
  static async open(
    { sock, switchConsole, management, rcfile, cwd }: AutolinkOptions,
    { clock, log }: AutolinkEnvironment,
  ): Promise<AutolinkService> {
    let shutdown = (): void => undefined;
    const told = new Promise<undefined>((resolve) => (shutdown = (): void => resolve(undefined)));
    const local = await LocalSwitch.open(switchConsole, clock, (port, present) => autolink.endpoint(port, present));
    const autolink = new Autolink({ clock, log, switch: local, sock, cwd });
    const console = new AutolinkConsole(autolink, sock, shutdown);
    const loop = new FrameLoop({ clock, log });
    const resources: Disposable[] = [loop];
    try {
      if (management) {
        const listener = ConsoleListener.open(management);
        resources.unshift(new SocketKeeper({ sockets: new Set([listener.file]) }, { clock, log }), listener);
        listener.serve(console, loop.environment);
      }
    } catch (error) {
      local[Symbol.dispose]();
      throw error;
    }
    if (rcfile !== undefined) console.runAtStart(rcfile, filesFor(ownRights(), log), log.warn);
    return new AutolinkService(autolink, local, resources, told);
  }

  /** Ends all commands, and releases the ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#autolink.end();
    for (const resource of this.#resources) resource[Symbol.dispose]();
    this.#switch[Symbol.dispose]();
  }
}
