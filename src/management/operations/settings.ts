import type { Managed } from '../managed.ts';
import { reads } from '../operation.ts';
import { withoutToken } from './links.ts';
import type { Setting } from '../settings/setting.ts';

/**
 * Shows the settings that were changed since the switch began. They are operations with their arguments, in an order in which they can be
 * run.
 */
export const showSettings = reads(
  'config.show',
  'list the changed settings, as operations with their arguments',
  ({ settings }: Managed, _: object, { may }): readonly Setting[] =>
    settings.changed().map((one) => (may.has('writes') ? one : withoutSecret(one))),
);

function withoutSecret({ name, args }: Setting): Setting {
  const shown = Object.entries(args).map(([field, value]) => [field, typeof value === 'string' ? withoutToken(value) : value]);
  return { name, args: Object.fromEntries(shown) as Setting['args'] };
}
