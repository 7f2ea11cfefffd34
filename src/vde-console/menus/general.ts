import type { Managed } from '../../management/managed.ts';
import { showSockets, showSwitch, shutDown } from '../../management/operations/switch.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { CommandTable } from '../command-table.ts';
import { nothing, operate } from '../operate.ts';
import type { Script } from '../script.ts';

/** The version in the first line that clients read. It is that of the VDE switch whose console this one follows. */
export const version = '2.3.2';

/** The first lines of a console. */
export const banner: readonly string[] = [`VDE switch V.${version}`, 'etherloom, under the MIT licence', ''];

/** Makes the menu of the switch's sockets. */
export function socketMenu(managed: Managed): Menu {
  return plainMenu(
    heading('ds', 'sockets that clients connect to'),
    operate(managed).query('ds/showinfo', '', showSockets, nothing, ({ directory, mode }) => [
      `ctl dir ${directory}`,
      `std mode 0${octal(mode)}`,
    ]),
  );
}

/** Makes the commands outside menus. */
export function generalMenu(managed: Managed, table: CommandTable, script: Script): Menu {
  return plainMenu(
    query('help', '[arg]', 'show this table, or the commands that begin with arg', ({ argument, print }) => {
      table.help(argument).forEach(print);
      return 'success';
    }),
    command('logout', '', 'end this session', () => 'logout'),
    // The session runs the operation after its reply.
    { ...command('shutdown', '', shutDown.summary, () => 'shutdown'), operations: [shutDown] },
    operate(managed).query('showinfo', '', showSwitch, nothing, ({ pid, mac, uptime, management }) => [
      ...banner,
      `pid ${pid} MAC ${mac} uptime ${uptime}`,
      ...(management ? [`mgmt ${management.path} perm 0${octal(management.mode)}`] : []),
    ]),
    command('load', 'path', 'run the commands in a file', ({ argument, giver }) => script.load(argument, giver)),
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
