import type { MemberRecord } from './group-change.ts';

/** A member, as the list of the group shows it. */
export interface MemberView extends MemberRecord {
  /** Its control connection; undefined while there is none. */
  readonly connected:
    | {
        readonly from: string;
        /** The milliseconds since its welcome. */
        readonly since: number;
        readonly software: string | undefined;
        /** In milliseconds. */
        readonly roundTrip: number | undefined;
        /** True while it is silent. */
        readonly suspect: boolean;
        /** The state of its guest, as it told it. */
        readonly guest: string | undefined;
        /** The guest's address, as it told it. */
        readonly address: string | undefined;
      }
    | undefined;
  /** The number of processes that want its key: 0 in good order. */
  readonly contenders: number;
  /** True while it has a link. */
  readonly isLinked: boolean;
}
