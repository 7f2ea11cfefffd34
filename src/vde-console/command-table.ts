import type { Command, Menu } from './command.ts';

/** The commands of a console, in the order in which `help` lists them and a line is matched with them. */
export class CommandTable {
  readonly #menus = new Set<Menu>();

  /** Adds a menu behind the others; disposing takes it out, and disposes of it. */
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

  /** The first command that the line begins with. What follows need not be apart from it: `port/print1`. */
  find(line: string): Command | undefined {
    return this.commands.find(({ run, path }) => run && line.startsWith(path));
  }

  /** The table of those whose path begins so. */
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
