import type { Managed } from '../managed.ts';
import type { Operation } from '../operation.ts';
import type { Setting } from './setting.ts';

/** A switch whose settings are saved. */
export type Saved = Omit<Managed, 'settings'>;

/** A saver of settings that belong together. */
export interface Saver {
  /** The operations that change these settings. An operation that removes a thing is saved by leaving that thing out. */
  readonly saves: readonly Operation<never, unknown>[];
  /** Records the settings of a new switch. Returns a function for the settings that differ now, in an order in which they can be made. */
  readonly begin: (managed: Saved) => () => readonly Setting[];
}

/** Returns the setting that an operation makes with these arguments. */
export function setting<Args extends object>(operation: Operation<Args, unknown>, args: Args): Setting {
  return { name: operation.name, args: Object.fromEntries(Object.entries(args)) };
}

/** Returns the saver of a setting that is one value. */
export function valueSaver<Args extends object, Value>(
  operation: Operation<Args, unknown>,
  valueOf: (managed: Saved) => Value,
  argsOf: (value: Value) => Args,
): Saver {
  return {
    saves: [operation],
    begin: (managed) => {
      const first = valueOf(managed);
      return () => {
        const now = valueOf(managed);
        return now === first ? [] : [setting(operation, argsOf(now))];
      };
    },
  };
}

/** Returns the saver of things that a new switch does not have. */
export function listSaver(saves: readonly Operation<never, unknown>[], settingsOf: (managed: Saved) => readonly Setting[]): Saver {
  return { saves, begin: (managed) => () => settingsOf(managed) };
}
