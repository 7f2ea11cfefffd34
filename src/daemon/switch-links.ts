import { EtherloomError } from '../errors.ts';
import type { Links, ManagedLink } from '../management/managed.ts';
import type { Status } from '../management/status.ts';
import type { Opened } from '../ports/drivers/driver.ts';
import { exposureOf } from '../ports/exposure.ts';
import { reachOf, usesOf } from '../ports/open.ts';
import type { SwitchService } from './switch-service.ts';
import type { Log } from '../log.ts';

interface Link {
  readonly id: number;
  readonly address: string;
  readonly plain: boolean;
  opened?: Opened;
  failure?: string;
}

/** The most links. A console that asks for more does so by mistake. */
const mostLinks = 1_024;

/** The links that a console opens and ends, with their states. */
export class SwitchLinks implements Links, AsyncDisposable {
  readonly #service: SwitchService;
  readonly #log: Log;
  readonly #links = new Map<number, Link>();
  #lastId = 0;

  constructor(service: SwitchService, log: Log) {
    this.#service = service;
    this.#log = log;
  }

  list(): ManagedLink[] {
    return [...this.#links.values()].map((link) => {
      const { id, address, plain } = link;
      return { id, address, plain, state: this.#stateOf(link), mtu: this.#endpointOf(link)?.mtu };
    });
  }

  add(address: string, { plain }: { readonly plain: boolean }): Status {
    const refusal = refusalOf(address, plain);
    if (refusal) return refusal;
    const same = [...this.#links.values()].find((link) => link.address === address);
    if (same && !this.#hasEnded(same)) return 'EEXIST';
    if (!same && this.#links.size >= mostLinks) return 'ENOSPC';
    if (same) this.#links.delete(same.id);
    const link: Link = { id: ++this.#lastId, address, plain };
    this.#links.set(link.id, link);
    void this.#open(link);
    return 'success';
  }

  usesOf(address: string): string | undefined {
    try {
      return usesOf(address);
    } catch (error) {
      if (!(error instanceof EtherloomError)) throw error;
      return undefined;
    }
  }

  remove(id: number): boolean {
    const link = this.#links.get(id);
    if (!link) return false;
    this.#links.delete(id);
    void this.#end(link);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(links.map((link) => this.#end(link)));
  }

  async #open(link: Link): Promise<void> {
    try {
      link.opened = await this.#service.connect(link.address);
      // The link may have been ended while it was opened.
      if (this.#links.get(link.id) !== link) await this.#end(link);
    } catch (error) {
      if (!(error instanceof EtherloomError)) throw error;
      link.failure = error.message;
      this.#log.warn(`link ${link.id}: ${error.message}`);
    }
  }

  async #end({ opened }: Link): Promise<void> {
    if (!opened) return;
    if ('listener' in opened) await opened.listener[Symbol.asyncDispose]();
    else this.#service.plane.endpointOf(opened.port)?.close();
  }

  #hasEnded({ opened, failure }: Link): boolean {
    return failure !== undefined || (opened !== undefined && 'port' in opened && !this.#service.plane.endpointOf(opened.port));
  }

  #stateOf({ opened, failure }: Link): string {
    if (failure !== undefined) return `failed: ${failure}`;
    if (!opened) return 'opening';
    if ('listener' in opened) return 'listening';
    const endpoint = this.#service.plane.endpointOf(opened.port);
    if (!endpoint) return 'closed';
    const { up, number, mtu } = endpoint;
    return `${up ? 'up' : 'down'}, port ${number}${mtu === undefined ? '' : `, MTU ${mtu}`}`;
  }

  #endpointOf({ opened }: Link): ReturnType<SwitchService['plane']['endpointOf']> {
    return opened && 'port' in opened ? this.#service.plane.endpointOf(opened.port) : undefined;
  }
}

/** Returns the reason for not opening an address. White space cannot be part of one: the console's commands are lines of words. */
function refusalOf(address: string, consent: boolean): Status | undefined {
  if (/\s/.test(address)) return 'EINVAL';
  try {
    const { hosts, plain } = reachOf(address);
    return hosts.some((host) => exposureOf(host, { plain: consent || plain }) === 'refused') ? 'EPERM' : undefined;
  } catch (error) {
    if (!(error instanceof EtherloomError)) throw error;
    return error.code === 'not-permitted' ? 'EPERM' : 'EINVAL';
  }
}
