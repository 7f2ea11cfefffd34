import { formatMac } from '../../wire/mac.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { CommandTable } from '../command-table.ts';
import type { Managed } from '../../management/managed.ts';
import type { Script } from '../script.ts';

/** The version that clients read in the first line: that of the switch whose console this is. */
export const version = '2.3.2';

/** What a console says of itself. */
export const banner: readonly string[] = [`VDE switch V.${version}`, 'etherloom, under the MIT licence', ''];

/** The sockets of the switch. */
export function socketMenu(managed: Managed): Menu {
  return plainMenu(
    heading('ds', 'sockets that clients connect to'),
    query('ds/showinfo', '', 'show the directory and the mode of its sockets', ({ print }) => {
      print(`ctl dir ${managed.directory}`);
      print(`std mode 0${octal(managed.mode)}`);
      return 'success';
    }),
  );
}

/** What is in no menu. */
export function generalMenu(managed: Managed, table: CommandTable, script: Script): Menu {
  const startedAt = managed.clock.monotonic();
  return plainMenu(
    query('help', '[arg]', 'show this table, or the commands that begin with arg', ({ argument, print }) => {
      table.help(argument).forEach(print);
      return 'success';
    }),
    command('logout', '', 'end this session', () => 'logout'),
    command('shutdown', '', 'end the switch', () => 'shutdown'),
    query('showinfo', '', 'show version, process id, MAC address and uptime', ({ print }) => {
      const uptime = Math.floor((managed.clock.monotonic() - startedAt) / 1000);
      banner.forEach(print);
      print(`pid ${managed.pid} MAC ${formatMac(managed.switch.fstp.self.mac)} uptime ${uptime}`);
      const { management } = managed;
      if (management) print(`mgmt ${management.path} perm 0${octal(management.mode)}`);
      return 'success';
    }),
    command('load', 'path', 'run the commands in a file', ({ argument, giver }) => script.load(argument, giver)),
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
