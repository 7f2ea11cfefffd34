import type { Managed } from '../../management/managed.ts';
import { addLink, listLinks, removeLink } from '../../management/operations/links.ts';
import { oneNumber } from '../arguments.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';

/** Makes the menu of ports at addresses. */
export function linkMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('link', 'links: ports at addresses'),
    query('link/print', '', listLinks, nothing, (links) => links.map(({ id, address, state }) => `Link ${id} ${address} ${state}`)),
    command('link/add', 'ADDRESS [plain]', addLink, (argument) => {
      const [, address = argument, plain] = /^(\S+)(?:\s+(plain))?\s*$/.exec(argument) ?? [];
      return { address, plain: plain !== undefined };
    }),
    command('link/del', 'N', removeLink, oneNumber('id')),
  );
}
