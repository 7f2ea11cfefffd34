import { longestScript } from '../../management/files.ts';
import type { Managed } from '../../management/managed.ts';
import { Refusal } from '../../management/operation.ts';
import { showSettings } from '../../management/operations/settings.ts';
import { command, heading, plainMenu, type Call, type Menu, type Outcome, type WrittenOutcome } from '../command.ts';
import { nothing, operate } from '../operate.ts';
import { linesOf } from '../setting-lines.ts';

/** Makes the menu of the switch's settings, which shows them as commands. */
export function configMenu(managed: Managed): Menu {
  const { query, run } = operate(managed);
  const save = ({ argument: path, giver }: Call): Outcome | WrittenOutcome => {
    if (path === '') return 'EINVAL';
    const settings = run(showSettings, {}, giver);
    if (settings instanceof Refusal) return settings.status;
    const text = new TextEncoder().encode(
      linesOf(settings)
        .map((line) => `${line}\n`)
        .join(''),
    );
    if (text.length > longestScript) return 'EFBIG';
    const file = giver.files.open(path, 'new');
    if (typeof file === 'string') return file;
    const isTaken = text.length === 0 || file.write(text);
    file[Symbol.dispose]();
    return () => file.failure ?? (isTaken ? 'success' : 'EIO');
  };
  return plainMenu(heading('config', 'settings as commands'), query('config/show', '', showSettings, nothing, linesOf), {
    ...command('config/save', 'FILE', 'write these commands to a file, for load or --rcfile', save),
    operations: [showSettings],
  });
}
