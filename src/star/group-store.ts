import type { GroupChange } from './group-change.ts';

/** The memory of a group, which outlives its master. It may be reached over a network: every call is asynchronous. */
export interface GroupStore {
  /** Returns the changes that make the present state, in their order. Rejects with EtherloomError('bad-state') if they are damaged. */
  load(): Promise<readonly GroupChange[]>;
  /**
   * Resolves once the changes are durable, all or none of them. Calls may overlap and share one write; the order of the changes is that of
   * the calls. Rejects with EtherloomError if they could not be kept: then none of them is.
   */
  append(changes: readonly GroupChange[]): Promise<void>;
}
