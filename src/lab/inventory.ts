import { EtherloomError } from '../errors.ts';
import { LabHost } from './lab-host.ts';
import { LabStation } from './lab-station.ts';
import { LabSwitch } from './lab-switch.ts';
import type { Link } from './link.ts';
import { checkName } from './names.ts';
import type { Node } from './plugs.ts';

/** The nodes and links of a network, each with a name. */
export class Inventory {
  readonly #nodes = new Map<string, Node>();
  readonly #links = new Map<string, Link>();

  /** All nodes, in the order in which they were added. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** The switches among them. */
  get switches(): readonly LabSwitch[] {
    return this.nodes.filter((node) => node instanceof LabSwitch);
  }

  /** The hosts among them. */
  get hosts(): readonly LabHost[] {
    return this.nodes.filter((node) => node instanceof LabHost);
  }

  /** All links, in the order in which they were added. */
  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** Returns the node of that name. Throws EtherloomError('bad-option') if there is none. */
  node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node) return node;
    throw wrong(`there is no ${name} in this network; add it first`);
  }

  /** As `node`, and refuses a node that is not a switch. */
  switchNamed(name: string): LabSwitch {
    return this.#nodeOf(name, LabSwitch, 'a switch');
  }

  /** As `node`, and refuses a node that is not a station; a host is one. */
  stationNamed(name: string): LabStation {
    return this.#nodeOf(name, LabStation, 'a station');
  }

  /** As `node`, and refuses a node that is not a host. */
  hostNamed(name: string): LabHost {
    return this.#nodeOf(name, LabHost, 'a host');
  }

  /** Returns the link of that name, `s1-s2`, or `s2-s1`. Throws EtherloomError('bad-option') if there is none. */
  linkNamed(name: string): Link {
    const link = this.#links.get(name) ?? this.links.find((one) => reversed(one) === name);
    if (link) return link;
    throw wrong(`there is no link ${name}; use one of: ${[...this.#links.keys()].join(', ') || 'none'}`);
  }

  protected get nodeCount(): number {
    return this.#nodes.size;
  }

  protected get linkCount(): number {
    return this.#links.size;
  }

  protected add<T extends Node>(node: T): T {
    checkName(node.name);
    if (this.#nodes.has(node.name)) throw wrong(`the name ${node.name} is in use in this network; choose another one`);
    this.#nodes.set(node.name, node);
    return node;
  }

  protected addLink(link: Link): void {
    this.#links.set(link.name, link);
  }

  protected drop(node: Node): void {
    this.#nodes.delete(node.name);
  }

  protected dropLink(link: Link): void {
    this.#links.delete(link.name);
  }

  /** Throws EtherloomError('bad-option') if a node is of another network, which has its own time. */
  protected checkOurs(...nodes: readonly Node[]): void {
    const stranger = nodes.find((node) => this.#nodes.get(node.name) !== node);
    if (stranger) throw wrong(`${stranger.name} is not part of this network, or was removed; pass a node that this network made`);
  }

  /** As `checkOurs`, for a link. */
  protected checkOurLink(link: Link): void {
    if (this.#links.get(link.name) !== link)
      throw wrong(`the link ${link.name} is not part of this network, or was removed; pass a link that this network made`);
  }

  protected freeName(a: Node, b: Node): string {
    let name = `${a.name}-${b.name}`;
    for (let n = 2; this.#links.has(name); n++) name = `${a.name}-${b.name}#${n}`;
    return name;
  }
  #nodeOf<T extends Node>(name: string, kind: abstract new (...args: never[]) => T, what: string): T {
    const node = this.node(name);
    if (node instanceof kind) return node;
    throw wrong(`${name} is not ${what}; name one`);
  }
}

/** Returns the name of a link from its other end: `s1-a` of `a-s1`. */
function reversed({ name, ends: [a, b] }: Link): string {
  const number = name.slice(`${a.owner.name}-${b.owner.name}`.length);
  return `${b.owner.name}-${a.owner.name}${number}`;
}

function wrong(message: string): EtherloomError {
  return new EtherloomError('bad-option', message);
}
