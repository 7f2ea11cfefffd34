import { setTimeout as delay } from 'node:timers/promises';
import { Route } from './route.ts';
import type { Station } from './station.ts';

/** The interval between two numbered frames of each route, and between two looks at what has arrived; in milliseconds. */
const [tick, look] = [20, 5];

/** How long all routes must stay open to count as open, in milliseconds. */
const settling = 1000;

/** How long routes may take to open, in milliseconds. */
const patience = 40_000;

/** Frames between all stations of a star, all the time. */
export class Traffic implements Disposable {
  readonly #stations: readonly Station[];
  /** By their destination, then by their source. */
  readonly #routes: readonly ReadonlyMap<number, Route>[];
  readonly #timer: NodeJS.Timeout;
  #number = 0;
  #next = 0;

  constructor(stations: readonly Station[]) {
    this.#stations = stations;
    this.#routes = stations.map((to, i) => {
      const sources = stations.filter((from) => from !== to);
      return new Map(sources.map((from) => [from.mac, new Route(`${stations.indexOf(from)} to ${i}`)]));
    });
    this.#timer = setInterval(() => this.#look(performance.now()), look);
  }

  /** Resolves when all routes are open, with the milliseconds since now, or with the names of those that are not after a while. */
  async opened(): Promise<number | string[]> {
    const began = performance.now();
    const routes = this.#routes.flatMap((from) => [...from.values()]);
    for (const route of routes) route.mark(this.#number);
    for (let now = began; now - began < patience + settling; now = performance.now()) {
      const latest = Math.max(...routes.map(({ openSince = Infinity }) => openSince));
      if (now - latest >= settling && routes.every((route) => route.isOpen(this.#number))) return latest - began;
      await delay(look);
    }
    return routes.filter((route) => !route.isOpen(this.#number)).map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const station of this.#stations) station[Symbol.dispose]();
  }

  #look(now: number): void {
    for (const [i, station] of this.#stations.entries()) {
      station.plugIn(now);
      station.receive(now, (source, number) => this.#routes[i]?.get(source)?.heard(number, now));
    }
    if (now < this.#next) return;
    this.#next = Math.max(this.#next + tick, now);
    for (const station of this.#stations) {
      station.send(
        this.#stations.filter((other) => other !== station),
        this.#number,
      );
    }
    this.#number += 1;
  }
}
