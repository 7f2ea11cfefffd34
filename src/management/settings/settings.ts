import { savers } from './savers.ts';
import type { Saved } from './saver.ts';
import type { Settings } from './setting.ts';

/** Records the settings of a new switch. The result returns those that were changed since. */
export function settingsOf(managed: Saved): Settings {
  const saved = savers.map(({ begin }) => begin(managed));
  return { changed: () => saved.flatMap((changed) => changed()) };
}
