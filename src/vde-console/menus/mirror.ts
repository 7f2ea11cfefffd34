import type { Managed } from '../../management/managed.ts';
import { addMirror, listMirrors, removeMirror } from '../../management/operations/mirrors.ts';
import { numbers, oneNumber } from '../arguments.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';

/** Two numbers in C's syntax, and optionally the word. */
const addForm = /^(?:0x[\da-f]+|\d+)\s+(?:0x[\da-f]+|\d+)(\s+quiet)?\s*$/i;

/** Makes the menu of mirrors. */
export function mirrorMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('mirror', 'copies of the frames of one port at another'),
    command('mirror/add', 'PORT TO [quiet]', addMirror, (argument) => {
      const ports = numbers('port', 'to')(argument);
      const [whole, quiet] = addForm.exec(argument) ?? [];
      return whole === undefined || !ports ? undefined : { ...ports, quiet: quiet !== undefined };
    }),
    command('mirror/del', 'PORT [TO]', removeMirror, (argument) => numbers('port', 'to')(argument) ?? oneNumber('port')(argument)),
    query('mirror/print', '', listMirrors, nothing, (mirrors) =>
      mirrors.map(({ port, to, quiet }) => `Port ${port} to port ${to}${quiet ? ' quiet' : ''}`),
    ),
  );
}
