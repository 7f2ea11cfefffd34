import { EtherloomError, reasonOf } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { GroupChange, MemberRecord } from './group-change.ts';
import type { GroupEvent } from './group-event.ts';
import type { GroupState } from './group-state.ts';
import type { GroupStore } from './group-store.ts';

/** A group's state together with its store. A change counts at once, and is taken back if it cannot be kept. */
export class GroupMemory {
  readonly state: GroupState;
  readonly #store: GroupStore;
  readonly #events: Feed<GroupEvent>;

  constructor(state: GroupState, store: GroupStore, events: Feed<GroupEvent>) {
    this.state = state;
    this.#store = store;
    this.#events = events;
  }

  /**
   * Applies the changes, and resolves once they are durable. Answer nothing that depends on them before. Rejects with EtherloomError if they
   * cannot be kept; then they are taken back.
   */
  async keep(changes: readonly GroupChange[]): Promise<void> {
    const inverses = changes.map((change) => {
      const inverse = this.#inverse(change);
      this.state.apply(change);
      return inverse;
    });
    try {
      await this.#store.append(changes);
    } catch (error) {
      for (const inverse of inverses.reverse()) inverse();
      this.#events.emit({ type: 'not-kept', reason: reasonOf(error) });
      throw error instanceof EtherloomError
        ? error
        : new EtherloomError('system', `cannot keep a change of the group: ${reasonOf(error)}; look at the master's state directory`);
    }
  }

  /**
   * Replaces a member's record in memory alone, unless it has changed since. Both records must be right, since the store still has the one
   * of before.
   */
  assume(before: MemberRecord, after: MemberRecord): void {
    if (this.state.member(before.key) === before) this.state.apply({ type: 'member', member: after });
  }

  /** Returns what takes a change back. A record that was changed again since then stays. */
  #inverse(change: GroupChange): () => void {
    const { state } = this;
    switch (change.type) {
      case 'member': {
        const { key } = change.member;
        const before = state.member(key);
        return () => {
          if (state.member(key) !== change.member) return;
          state.apply(before ? { type: 'member', member: before } : { type: 'removed', key, reuse: true });
        };
      }
      case 'removed': {
        const before = state.member(change.key);
        return () => {
          if (before && !state.member(before.key) && !state.ids.isTaken(before.id)) state.apply({ type: 'member', member: before });
        };
      }
      case 'barred': {
        const before = state.barred(change.barred.key);
        return () => {
          if (!before) state.unbar(change.barred.key);
        };
      }
      case 'token': {
        const before = state.token(change.token.id);
        return () => {
          const used = state.token(change.token.id)?.used ?? 0;
          state.apply(before ? { type: 'token', token: { ...before, used } } : { type: 'token-forgotten', id: change.token.id });
        };
      }
      case 'used':
        return () => state.apply({ ...change, by: change.by === 1 ? -1 : 1 });
      case 'token-forgotten': {
        const before = state.token(change.id);
        return () => {
          if (before) state.apply({ type: 'token', token: before });
        };
      }
      case 'next-pin':
      case 'next-pin-over': {
        const before = state.nextPin;
        return () => state.apply(before ? { type: 'next-pin', ...before } : { type: 'next-pin-over', pin: change.pin });
      }
      case 'group': {
        const before = state.group;
        return () => {
          if (before) state.apply({ type: 'group', ...before });
        };
      }
      default:
        return () => undefined;
    }
  }
}
