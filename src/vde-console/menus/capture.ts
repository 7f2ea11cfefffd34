import { integerAndText, leadingInteger } from '../arguments.ts';
import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { Managed } from '../../management/managed.ts';

/** The commands of captures. */
export function captureMenu({ captures }: Managed): Menu {
  return plainMenu(
    heading('capture', 'captures of a port in a file'),
    command('capture/start', 'PORT FILE', 'write all frames of a port to a file (pcapng)', ({ argument, giver }) => {
      const [port, path] = integerAndText(argument) ?? [];
      if (port === undefined || path === undefined || path === '') return 'EINVAL';
      return captures.start(port, path, giver.files);
    }),
    command('capture/stop', 'PORT', 'stop the capture of a port', ({ argument }) =>
      captures.stop(leadingInteger(argument)) ? 'success' : 'ENOENT',
    ),
    query('capture/print', '', 'list the captures', ({ print }) => {
      for (const { port, path, frames } of captures.list()) print(`Port ${port} to ${path}, ${frames} frames`);
      return 'success';
    }),
  );
}
