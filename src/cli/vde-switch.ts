import { isForUser, messageOf } from '../errors.ts';
import { isInBackground, startInBackground } from './background.ts';
import { getopt } from './getopt.ts';
import { print, printError } from './print.ts';
import { exitStatusOf, exitUsage, settingsOf, vdeSwitchOptions, vdeSwitchUsage } from './vde-switch-options.ts';

export { leave } from './leave.ts';

/** Implements `vde_switch` with the original's name and options. Returns the exit code. */
export async function runVdeSwitch(argv: readonly string[], program: string): Promise<number> {
  const complain = (line: string): void => printError(`${program}: ${line}\n`);
  const parsed = getopt(argv, vdeSwitchOptions);
  parsed.mistakes.forEach(complain);
  const first = parsed.options.find(({ name }) => name === 'version' || name === 'help');
  if (first?.name === 'version') {
    print(`VDE 2.3.2\netherloom's vde_switch, under the MIT licence\n`);
    return 0;
  }
  if (first || parsed.operands.length > 0) {
    print(vdeSwitchUsage);
    return exitUsage;
  }
  try {
    const settings = settingsOf(parsed, complain);
    if (settings.daemon && !isInBackground()) return await startInBackground();
    // Loaded on demand: the modules that serve take long to load, and the process that only starts the background does not need them.
    const { serveVdeSwitch } = await import('./serve-vde-switch.ts');
    return await serveVdeSwitch(settings, program);
  } catch (error) {
    if (!isForUser(error)) throw error;
    complain(messageOf(error));
    return exitStatusOf(error);
  }
}
