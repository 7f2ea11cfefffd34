import type { Managed } from '../managed.ts';
import { Operation } from '../operation.ts';
import type { Setting } from '../settings/setting.ts';

/**
 * Shows the settings that were changed since the switch began. They are operations with their arguments, in an order in which they can be
 * run.
 */
export const showSettings = new Operation({
  name: 'config.show',
  summary: 'show the changed settings as commands',
  effect: 'reads',
  act: ({ settings }: Managed): readonly Setting[] => settings.changed(),
});
