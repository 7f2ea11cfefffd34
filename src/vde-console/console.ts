import { dataBlock, longestLine, type Command, type Giver, type Menu, type Reply } from './command.ts';
import { CommandTable } from './command-table.ts';
import type { Interpreter } from './console-session.ts';
import { Events, type Listener } from './events.ts';
import { endpointEvents } from './endpoint-events.ts';
import type { Managed } from '../management/managed.ts';
import { shutDown } from '../management/operations/switch.ts';
import { captureMenu } from './menus/capture.ts';
import { configMenu } from './menus/config.ts';
import { debugMenu } from './menus/debug.ts';
import { fstpMenu } from './menus/fstp.ts';
import { banner, generalMenu, socketMenu } from './menus/general.ts';
import { hashMenu } from './menus/hash.ts';
import { linkMenu } from './menus/links.ts';
import { mirrorMenu } from './menus/mirror.ts';
import { pluginMenu } from './menus/plugins.ts';
import { conditionMenu, portMenu, traceMenu } from './menus/ports.ts';
import { vlanMenu } from './menus/vlans.ts';
import { dumpPlugin } from './plugins/dump.ts';
import { iplogPlugin } from './plugins/iplog.ts';
import { pdumpPlugin } from './plugins/pdump.ts';
import { operate } from './operate.ts';
import { Script } from './script.ts';
import { statusLine, type Status } from '../management/status.ts';

/** The console of a switch: takes a line, and returns a reply. It is independent of sockets and terminals. */
export class Console implements Interpreter, Disposable {
  readonly greeting = `${banner.slice(0, 2).join('\n')}\n`;
  readonly prompt = '\nvde$ ';
  readonly events = new Events();
  readonly script = new Script((line, giver) => this.execute(line, giver));
  readonly managed: Managed;
  readonly #table = new CommandTable();

  constructor(managed: Managed) {
    this.managed = managed;
    // Events are listed in the order of these calls; the command table has an order of its own.
    const hash = hashMenu(managed, this.events);
    const fstp = fstpMenu(managed, this.events);
    const plugins = pluginMenu(this.#table, [
      dumpPlugin(managed, this.events),
      pdumpPlugin(managed, this.events),
      iplogPlugin(managed, this.events),
    ]);
    const menus = [
      socketMenu(managed),
      generalMenu(managed, this.#table, this.script),
      debugMenu(this.events),
      plugins,
      hash,
      fstp,
      endpointEvents(managed, this.events),
      portMenu(managed),
      conditionMenu(managed),
      vlanMenu(managed),
      traceMenu(managed),
      mirrorMenu(managed),
      captureMenu(managed),
      linkMenu(managed),
      configMenu(managed),
    ];
    for (const menu of menus) this.#table.add(menu);
  }

  /** Adds an optional menu after the others, until disposed of. */
  add(menu: Menu): Disposable {
    return this.#table.add(menu);
  }

  /** All commands, in the order of their menus. */
  get commands(): readonly Command[] {
    return this.#table.commands;
  }

  /** Executes a line, which is given without its end. */
  execute(line: string, giver: Giver): Reply {
    const said = beforeNul(line).replace(/^[ \t]+/, '');
    if (said === '' || said.startsWith('#')) return { text: '' };
    if (line.length > longestLine) return { text: `${statusLine('E2BIG')}\n` };
    const command = this.#table.find(said);
    if (!command?.run) return { text: `${statusLine('ENOSYS')}\n` };
    const argument = said.slice(command.path.length).replace(/^[ \t]+/, '');
    const data: string[] = [];
    const outcome = command.run({ argument, giver, print: (one) => data.push(one) });
    // A script cannot end the session or the switch.
    if (outcome === 'logout' || outcome === 'shutdown') return giver.depth > 0 ? { text: '' } : { text: '', then: outcome };
    const textOf = (status: Status): string => `${command.data ? dataBlock(data) : ''}${statusLine(status)}\n`;
    return typeof outcome === 'string' ? { text: textOf(outcome) } : { text: textOf(outcome()), settled: () => textOf(outcome()) };
  }

  forget(listener: Listener): void {
    this.events.forget(listener);
  }

  shutdown(giver: Giver): void {
    operate(this.managed).run(shutDown, {}, giver);
  }

  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]();
  }
}

function beforeNul(line: string): string {
  const end = line.indexOf('\0');
  return end < 0 ? line : line.slice(0, end);
}
