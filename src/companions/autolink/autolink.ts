import type { Status } from '../../management/status.ts';
import { AutoLink, type LinkEnvironment } from './link.ts';
import { isWireCommand } from './wire.ts';

/** The links of one switch and the types of wire that they use, with the operations on both. A name is one word. */
export class Autolink {
  /** The command of each type, by its name. */
  readonly wires = new Map<string, string>();
  readonly links = new Map<string, AutoLink>();
  readonly #environment: LinkEnvironment;

  constructor(environment: LinkEnvironment) {
    this.#environment = environment;
  }

  /** Adds a type of wire. Its command must contain all variables. */
  addWire(type: string, command: string): Status {
    if (this.wires.has(type) || !isWireCommand(command)) return 'EINVAL';
    this.wires.set(type, command);
    return 'success';
  }

  /** Removes a type of wire that no link uses. */
  removeWire(type: string): Status {
    if (!this.wires.has(type)) return 'ENXIO';
    if ([...this.links.values()].some((link) => link.wires.has(type))) return 'EADDRINUSE';
    this.wires.delete(type);
    return 'success';
  }

  /** Adds a link to one of the hosts. The link is initially off. */
  addLink(name: string, remotes: readonly string[]): Status {
    if (this.links.has(name) || remotes.length === 0) return 'EINVAL';
    this.links.set(name, new AutoLink(name, remotes, this.#environment));
    return 'success';
  }

  /** Switches a link off, and removes it. */
  removeLink(name: string): Status {
    const link = this.links.get(name);
    if (!link) return 'ENXIO';
    this.links.delete(name);
    void link.deactivate();
    return 'success';
  }

  /** Allows a link to try a type of wire. */
  addType(name: string, type: string): Status {
    const [link, command] = [this.links.get(name), this.wires.get(type)];
    if (!link || command === undefined) return 'ENXIO';
    if (link.wires.has(type)) return 'EINVAL';
    link.addWire(type, command);
    return 'success';
  }

  /** Removes a type of wire from a link. */
  removeType(name: string, type: string): Status {
    return this.links.get(name)?.removeWire(type) === true ? 'success' : 'ENXIO';
  }

  /** Switches a link on or off. */
  turn(name: string, on: boolean): Status {
    const link = this.links.get(name);
    if (!link) return 'ENXIO';
    void (on ? link.activate() : link.deactivate());
    return 'success';
  }

  /** Handles the switch's report that an endpoint has appeared at a port, or left it. */
  endpoint(port: number, present: boolean): void {
    for (const link of this.links.values()) link.endpoint(port, present);
  }

  /** Switches all links off. Resolves when their commands have ended and their ports are released. */
  async end(): Promise<void> {
    await Promise.all([...this.links.values()].map((link) => link.deactivate()));
  }
}
