import { leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';

/** Two numbers as C has them, and perhaps the word. */
const addForm = /^(?:0x[\da-f]+|\d+)\s+(?:0x[\da-f]+|\d+)(\s+quiet)?\s*$/i;

/** The commands of mirrors. */
export function mirrorMenu({ mirrors }: Managed): Menu {
  return plainMenu(
    heading('mirror', 'copies of the frames of one port at another'),
    command(
      'mirror/add',
      'PORT TO [quiet]',
      'copy all frames that enter or leave by PORT to TO; quiet: TO only listens',
      ({ argument }) => {
        const [port, to] = scanIntegers(argument, 2) ?? [];
        const [whole, quiet] = addForm.exec(argument) ?? [];
        if (whole === undefined || port === undefined || to === undefined || port === to) return 'EINVAL';
        return mirrors.add(port, to, quiet !== undefined);
      },
    ),
    command('mirror/del', 'PORT [TO]', 'stop copying, to TO or to all', ({ argument }) => {
      const [port, to] = scanIntegers(argument, 2) ?? [leadingInteger(argument)];
      return mirrors.remove(port ?? -1, to);
    }),
    query('mirror/print', '', 'list the mirrors', ({ print }) => {
      for (const { port, to, quiet } of mirrors.list()) print(`Port ${port} to port ${to}${quiet ? ' quiet' : ''}`);
      return 'success';
    }),
  );
}
