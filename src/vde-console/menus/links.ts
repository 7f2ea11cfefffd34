import { leadingInteger } from '../arguments.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';

/** Links to other machines. */
export function linkMenu({ links }: Managed): Menu {
  return plainMenu(
    heading('link', 'links to other switches'),
    query('link/print', '', 'list the links and their state', ({ print }) => {
      for (const { id, address, state } of links?.list() ?? []) print(`Link ${id} ${address} ${state}`);
      return 'success';
    }),
    command(
      'link/add',
      'ADDRESS [plain]',
      'open a link: tcp://HOST:PORT or tcp-listen://HOST:PORT; "plain" allows an unencrypted link beyond this machine',
      ({ argument }) => (links ? links.add(argument) : 'ENOSYS'),
    ),
    command('link/del', 'N', 'close a link', ({ argument }) => (links?.remove(leadingInteger(argument)) === true ? 'success' : 'ENOENT')),
  );
}
