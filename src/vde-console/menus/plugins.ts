import { command, heading, plainMenu, query, type Menu } from '../command.ts';
import type { CommandTable } from '../command-table.ts';

/** A built-in extension that can be added to the switch while it runs, with the name of the original's library. */
export interface Plugin {
  readonly name: string;
  readonly help: string;
  /** Opens its commands, until they are disposed of. */
  readonly open: () => Menu;
}

/** Makes the menu of plugins, which are built in and added by name. */
export function pluginMenu(table: CommandTable, plugins: readonly Plugin[]): Menu {
  const added = new Map<Plugin, Disposable>();
  return {
    ...plainMenu(
      heading('plugin', 'plugins'),
      query('plugin/list', '', 'list the loaded plugins', ({ argument, print }) => {
        print(row('NAME', 'HELP'));
        print(row('------------', '----'));
        const found = [...added.keys()].filter(({ name }) => name.startsWith(argument));
        for (const { name, help } of found) print(row(name, help));
        return found.length > 0 ? 'success' : 'ENOENT';
      }),
      command('plugin/add', 'library', `load a plugin: ${plugins.map(({ name }) => name).join(', ')}`, ({ argument }) => {
        if (argument === '') return 'EINVAL';
        const plugin = plugins.find(({ name }) => name === nameOf(argument));
        if (!plugin) return 'ENOENT';
        if (added.has(plugin)) return 'EEXIST';
        added.set(plugin, table.add(plugin.open()));
        return 'success';
      }),
      command('plugin/del', 'name', 'unload a plugin', ({ argument }) => {
        const [plugin, opened] = [...added].find(([{ name }]) => argument !== '' && name.startsWith(argument)) ?? [];
        if (!plugin || !opened) return 'ENOENT';
        added.delete(plugin);
        opened[Symbol.dispose]();
        return 'success';
      }),
    ),
    [Symbol.dispose]: () => {
      for (const opened of added.values()) opened[Symbol.dispose]();
      added.clear();
    },
  };
}

/** Returns the name of a built-in plugin. Scripts may give the path of the original's library. */
function nameOf(library: string): string {
  return library.includes('/') ? (library.split('/').at(-1) ?? '').replace(/\.so$/, '') : library;
}

function row(name: string, help: string): string {
  return `${name.padEnd(22)} ${help}`;
}
