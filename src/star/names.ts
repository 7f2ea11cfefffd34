/** The longest name, in characters. [RFC 1035, 2.3.4] */
const longestName = 63;

/** Names that mean something else in each group. */
const alwaysReserved: readonly string[] = ['master', 'localhost'];

/** Returns true if `text` is a name: letters, digits and hyphens, at most 63, no hyphen at either end. */
export function isName(text: string): boolean {
  return text.length <= longestName && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(text);
}

/** Makes a name of a host's own name: its first label in lower case, other characters as hyphens. Returns undefined if nothing is left. */
export function nameOfHost(host: string): string | undefined {
  const label = host.split('.')[0] ?? '';
  const name = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longestName)
    .replace(/^-+|-+$/g, '');
  return name === '' ? undefined : name;
}

/** The names of a group's members: each has one holder. Upper and lower case are the same. */
export class Names {
  readonly #reserved: ReadonlySet<string>;
  readonly #holders = new Map<string, string>();
  /** The lowest suffix of each name that may be free. */
  readonly #suffixes = new Map<string, number>();

  /** `domain` is the name of the network's domain, which no member may have. */
  constructor(domain?: string) {
    this.#reserved = new Set([...alwaysReserved, ...(domain === undefined ? [] : [domain.toLowerCase()])]);
  }

  /** Returns why a name must not be given; undefined if it may. */
  fault(name: string): string | undefined {
    if (!isName(name)) return 'a name consists of letters, digits and hyphens, at most 63';
    return this.#reserved.has(name.toLowerCase()) ? 'this name is reserved' : undefined;
  }

  /** Returns the key of the member with that name. */
  holder(name: string): string | undefined {
    return this.#holders.get(name.toLowerCase());
  }

  /** Returns the name, or, if another has it, the name with the lowest free suffix: `web-2`. */
  free(wish: string): string {
    const name = wish.toLowerCase();
    if (!this.#holders.has(name)) return name;
    for (let suffix = this.#suffixes.get(name) ?? 2; ; suffix++) {
      const next = `${name.slice(0, longestName - String(suffix).length - 1)}-${suffix}`;
      if (this.#holders.has(next)) continue;
      this.#suffixes.set(name, suffix);
      return next;
    }
  }

  /** Notes the holder of a name. */
  take(name: string, key: string): void {
    this.#holders.set(name.toLowerCase(), key);
  }

  /** Frees a name. Names with suffixes of it are then looked for from the beginning. */
  release(name: string): void {
    this.#holders.delete(name.toLowerCase());
    this.#suffixes.delete(name.toLowerCase().replace(/-\d+$/, ''));
  }
}
