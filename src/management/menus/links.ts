import { leadingInteger } from '../arguments.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { Managed } from '../managed.ts';

/** Links to other machines. */
export function linkMenu({ links }: Managed): Menu {
  return plainMenu(
    heading('link', 'links to other machines'),
    query('link/print', '', 'those that were opened, and how they are', ({ print }) => {
      for (const { id, address, state } of links?.list() ?? []) print(`Link ${id} ${address} ${state}`);
      return 'success';
    }),
    command(
      'link/add',
      'ADDRESS [plain]',
      'open one: tcp://HOST:PORT, tcp-listen://HOST:PORT; "plain" beyond this machine',
      ({ argument }) => (links ? links.add(argument) : 'ENOSYS'),
    ),
    command('link/del', 'N', 'end one', ({ argument }) => (links?.remove(leadingInteger(argument)) === true ? 'success' : 'ENOENT')),
  );
}
