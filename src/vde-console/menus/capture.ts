import type { Managed } from '../../management/managed.ts';
import { listCaptures, startCapture, stopCapture } from '../../management/operations/captures.ts';
import { integerAndText, oneNumber } from '../arguments.ts';
import { heading, plainMenu, type Menu } from '../command.ts';
import { nothing, operate } from '../operate.ts';

/** Makes the menu of captures. */
export function captureMenu(managed: Managed): Menu {
  const { command, query } = operate(managed);
  return plainMenu(
    heading('capture', 'captures of a port in a file'),
    command('capture/start', 'PORT FILE', startCapture, (argument) => {
      const [port, path] = integerAndText(argument) ?? [];
      return port === undefined || path === undefined ? undefined : { port, path };
    }),
    command('capture/stop', 'PORT', stopCapture, oneNumber('port')),
    query('capture/print', '', listCaptures, nothing, (captures) =>
      captures.map(({ port, path, frames }) => `Port ${port} to ${path}, ${frames} frames`),
    ),
  );
}
