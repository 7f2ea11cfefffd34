import { maxId, type NodeId } from './identity.ts';

const free = 0;
const taken = 1;
const retired = 2;

/** The ids of a group, 1 to 65,535: free, taken by a member, or retired, which means that a member had it and only a request gets it. */
export class IdPool {
  readonly #states = new Uint8Array(maxId + 1).fill(taken, 0, 1);
  /** The ids below this are not free. */
  #from = 1;
  #left = maxId;
  #retired = 0;

  /** The number of free ids. */
  get left(): number {
    return this.#left;
  }

  /** The number of retired ids. */
  get retiredCount(): number {
    return this.#retired;
  }

  /** Returns the lowest free id, or undefined if there is none. */
  lowest(): NodeId | undefined {
    const id = this.#states.indexOf(free, this.#from);
    this.#from = id < 0 ? maxId + 1 : id;
    return id < 0 ? undefined : id;
  }

  /** Returns true if a member has this id. */
  isTaken(id: NodeId): boolean {
    return this.#states[id] === taken;
  }

  /** Returns true if the id is free, or was that of a member that is gone. */
  mayDemand(id: NodeId): boolean {
    const state = this.#states[id];
    return state === free || state === retired;
  }

  /** Returns true if the id was that of a member that is gone. */
  isRetired(id: NodeId): boolean {
    return this.#states[id] === retired;
  }

  /** Notes that a member has the id. */
  take(id: NodeId): void {
    this.#put(id, taken);
  }

  /** Makes an id free. */
  release(id: NodeId): void {
    this.#put(id, free);
    this.#from = Math.min(this.#from, id);
  }

  /** Notes that the id was that of a member that is gone. */
  retire(id: NodeId): void {
    this.#put(id, retired);
  }

  /** Returns the retired ids. */
  *retired(): Generator<NodeId> {
    for (let id = this.#states.indexOf(retired); id >= 0; id = this.#states.indexOf(retired, id + 1)) yield id;
  }

  #put(id: NodeId, state: number): void {
    if (this.#states[id] === free) this.#left -= 1;
    if (state === free) this.#left += 1;
    if (this.#states[id] === retired) this.#retired -= 1;
    if (state === retired) this.#retired += 1;
    this.#states[id] = state;
  }
}
