import { savers } from './savers.ts';
import type { Saved } from './saver.ts';
import type { Settings } from './setting.ts';

/** Notes the settings of a switch that has just begun, and returns those that are changed from now on. */
export function settingsOf(managed: Saved): Settings {
  const saved = savers.map(({ begin }) => begin(managed));
  return { changed: () => saved.flatMap((changed) => changed()) };
}
