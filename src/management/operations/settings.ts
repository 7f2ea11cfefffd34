import type { Managed } from '../managed.ts';
import { reads } from '../operation.ts';
import type { Setting } from '../settings/setting.ts';

/**
 * Shows the settings that were changed since the switch began. They are operations with their arguments, in an order in which they can be
 * run.
 */
export const showSettings = reads(
  'config.show',
  'list the changed settings, as operations with their arguments',
  ({ settings }: Managed): readonly Setting[] => settings.changed(),
);
