import { EtherloomError, isForUser, type ErrorCode } from '../../errors.ts';
import type { Managed } from '../managed.ts';
import { promises, reads, Refusal } from '../operation.ts';
import type {
  ContenderView,
  GroupActs,
  GroupMemberView,
  GroupPart,
  GroupView,
  KickView,
  NewTokenView,
  RekeyView,
  TokenView,
  TokenWish,
} from '../parts/group.ts';

/** The arguments of an act on one member. */
export interface OnMember {
  readonly id: number;
}

/** Shows the group of this node. */
export const showGroup = reads('group.show', "show this node's group and its masters", (managed): GroupView | Refusal =>
  inGroup(managed, (group) => group.show()),
);

/** Lists the members of the group. */
export const listGroup = reads('group.members', 'list the members of the group', (managed): readonly GroupMemberView[] | Refusal =>
  inGroup(managed, (group) => group.members()),
);

/** Bars a member. */
export const kickMember = promises(
  'group.kick',
  'bar the key of a member, and end its connections',
  (managed, { id, keepToken = false }: OnMember & { readonly keepToken?: boolean | undefined }): Promise<KickView | Refusal> =>
    onMember(managed, id, (acts) => acts.kick(id, { keepToken })),
);

/** Gives a member another name. */
export const renameMember = promises(
  'group.rename',
  'give a member another name',
  (managed, { id, name }: OnMember & { readonly name: string }): Promise<{ readonly name: string } | Refusal> =>
    onMember(managed, id, async (acts) => ({ name: await acts.rename(id, name) })),
);

/** Makes the line by which another machine takes over a member's id. */
export const replaceMember = promises(
  'group.replace',
  'make a line by which another machine takes over the id of a member; its key is barred then',
  (managed, { id }: OnMember): Promise<NewTokenView | Refusal> => onMember(managed, id, (acts) => acts.replace(id)),
);

/** Lets in a member that waits. */
export const acceptMember = promises(
  'group.accept',
  'let in a member that waits',
  (managed, { id }: OnMember): Promise<undefined | Refusal> =>
    onMember(managed, id, async (acts) => {
      await acts.accept(id);
      return undefined;
    }),
);

/** Lists the processes that present one member's key. */
export const listContenders = reads(
  'group.contenders',
  'list the processes that present the key of one member',
  (managed, { id }: OnMember): readonly ContenderView[] | Refusal => {
    const acts = actsOn(managed, id);
    return acts instanceof Refusal ? acts : acts.contenders(id);
  },
);

/** Decides which of several processes with one key is the member. */
export const takeOver = promises(
  'group.takeover',
  'let in one of the processes that present the key of a member, with a new key',
  (managed, { id, number }: OnMember & { readonly number: number }): Promise<undefined | Refusal> =>
    onMember(managed, id, async (acts) => {
      if (!acts.contenders(id).some((one) => one.number === number))
        return new Refusal('ENXIO', `member ${id} has no contender ${number}; list them by: etherloom group takeover ${id}`);
      await acts.takeover(id, number);
      return undefined;
    }),
);

/** Leaves the group. */
export const leaveGroup = promises('group.leave', 'leave the group, and end this slave', (managed): Promise<undefined | Refusal> => {
  const group = inGroup(managed, (one) =>
    one.leave ? one : new Refusal('ENXIO', 'a master cannot leave its group; end it by: etherloom group end'),
  );
  if (group instanceof Refusal) return Promise.resolve(group);
  return settled(async () => {
    await group.leave?.();
    return undefined;
  });
});

/** Changes the master's key. */
export const rekeyMaster = promises(
  'group.rekey',
  "change the master's key once all members know the new one; now: at once; cancel: not at all",
  (managed, { how }: { readonly how?: 'now' | 'cancel' | undefined }): Promise<RekeyView | Refusal> =>
    withActs(managed, (acts) => acts.rekey(how)),
);

/** Ends the group. */
export const endGroup = promises('group.end', 'end the group: all members are told, and stop', (managed): Promise<undefined | Refusal> =>
  withActs(managed, async (acts) => {
    await acts.end();
    return undefined;
  }),
);

/** Makes a token. */
export const newToken = promises(
  'token.new',
  'make a token, and the lines by which machines join',
  (managed, wish: TokenWish): Promise<NewTokenView | Refusal> => withActs(managed, (acts) => acts.newToken(wish)),
);

/** Lists the tokens. */
export const listTokens = reads('token.list', 'list the tokens, without their secrets', (managed): readonly TokenView[] | Refusal => {
  const acts = actsOf(managed);
  return acts instanceof Refusal ? acts : acts.tokens();
});

/** Revokes a token. */
export const revokeToken = promises(
  'token.revoke',
  'refuse further joins by a token',
  (managed, { id }: { readonly id: string }): Promise<undefined | Refusal> =>
    withActs(managed, async (acts) => ((await acts.revokeToken(id)) ? undefined : new Refusal('ENXIO', `there is no token ${id}`))),
);

function inGroup<Value>({ group }: Managed, act: (group: GroupPart) => Value | Refusal): Value | Refusal {
  return group ? act(group) : new Refusal('ENODEV', 'this switch is not in a group; start a master, or join one by a line');
}

function actsOf(managed: Managed): GroupActs | Refusal {
  return inGroup(managed, ({ acts }) => acts ?? new Refusal('ENXIO', "only the group's master does that; run the command there"));
}

function actsOn(managed: Managed, id: number): GroupActs | Refusal {
  const acts = actsOf(managed);
  if (acts instanceof Refusal || managed.group?.members().some((member) => member.id === id && member.role === 'slave') === true)
    return acts;
  return new Refusal('ENXIO', `there is no member ${id}; list them by: etherloom group`);
}

function withActs<Value>(managed: Managed, act: (acts: GroupActs) => Promise<Value | Refusal>): Promise<Value | Refusal> {
  const acts = actsOf(managed);
  return acts instanceof Refusal ? Promise.resolve(acts) : settled(() => act(acts));
}

function onMember<Value>(managed: Managed, id: number, act: (acts: GroupActs) => Promise<Value | Refusal>): Promise<Value | Refusal> {
  const acts = actsOn(managed, id);
  return acts instanceof Refusal ? Promise.resolve(acts) : settled(() => act(acts));
}

/** The statuses of failures. */
const statuses: Partial<Readonly<Record<ErrorCode, Refusal['status']>>> = {
  'bad-option': 'EINVAL',
  'bad-address': 'EINVAL',
  busy: 'EADDRINUSE',
  refused: 'EEXIST',
  'not-permitted': 'EPERM',
};

/** Awaits an act. A failure for the user becomes a refusal. */
async function settled<Value>(act: () => Promise<Value | Refusal>): Promise<Value | Refusal> {
  try {
    return await act();
  } catch (error) {
    if (!isForUser(error)) throw error;
    const code = error instanceof EtherloomError ? error.code : 'system';
    return new Refusal(statuses[code] ?? 'EIO', error.message);
  }
}
