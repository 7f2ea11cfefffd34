import type { Command, Menu } from './command.ts';

/** The commands of a console, in the order in which `help` lists them and a line is matched against them. */
export class CommandTable {
  readonly #menus = new Set<Menu>();

  /** Adds a menu after the others. Disposing of the result removes the menu, and disposes of it. */
  add(menu: Menu): Disposable {
    this.#menus.add(menu);
    return {
      [Symbol.dispose]: () => {
        if (this.#menus.delete(menu)) menu[Symbol.dispose]();
      },
    };
  }

  /** All commands, in this order. */
  get commands(): Command[] {
    return [...this.#menus].flatMap(({ commands }) => commands);
  }

  /** Returns the first command with which the line begins. The blank after it may be missing: `port/print1`. */
  find(line: string): Command | undefined {
    for (const { commands } of this.#menus)
      for (const command of commands) if (command.run && line.startsWith(command.path)) return command;
    return undefined;
  }

  /** Returns the table of the commands whose path begins with `prefix`. */
  help(prefix: string): string[] {
    const rows = this.commands.filter(({ path }) => path.startsWith(prefix));
    return [
      row({ path: 'COMMAND PATH', syntax: 'SYNTAX', help: 'HELP' }),
      row({ path: '------------', syntax: '--------------', help: '------------' }),
      ...rows.map(row),
    ];
  }

  [Symbol.dispose](): void {
    for (const menu of this.#menus) menu[Symbol.dispose]();
    this.#menus.clear();
  }
}

function row({ path, syntax, help }: Pick<Command, 'path' | 'syntax' | 'help'>): string {
  return `${path.padEnd(18)} ${syntax.padEnd(15)} ${help}`;
}
