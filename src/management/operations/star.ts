import type { Managed } from '../managed.ts';
import { reads, Refusal, runsPrograms } from '../operation.ts';
import type { GuestView, MasterView, MemberView, SlaveView, StarLinkView, StarPart } from '../parts/star.ts';

/** Shows this node's role and how it is connected. */
export const showStar = reads('star.showinfo', "show this node's role, addresses and state", (managed): MasterView | SlaveView | Refusal =>
  onStar(managed, (star) => star.show()),
);

/** Lists the slaves that have an id. */
export const listMembers = reads(
  'star.members',
  'show the slaves that have an id, and whether they are connected',
  (managed): readonly MemberView[] | Refusal =>
    onStar(managed, (star) => star.members?.() ?? new Refusal('ENXIO', 'a slave does not know the members; ask the master')),
);

/** Lists the links to other nodes. */
export const listStarLinks = reads(
  'star.links',
  'show the links to other nodes, and their counters',
  (managed): readonly StarLinkView[] | Refusal => onStar(managed, (star) => star.links()),
);

/** Shows the guest of this node. */
export const showGuest = reads('star.guest', "show this node's guest", (managed): GuestView | Refusal =>
  onStar(managed, (star) => star.guest() ?? noGuest()),
);

/** Ends the guest of this node. */
export const endGuest = runsPrograms('star.endguest', "end this node's guest", (managed): undefined | Refusal =>
  onStar(managed, (star) => (star.endGuest() ? undefined : noGuest())),
);

/** Ends the guest of this node, and starts it again. */
export const restartGuest = runsPrograms('star.restartguest', "end this node's guest, and start it again", (managed): undefined | Refusal =>
  onStar(managed, (star) => (star.restartGuest() ? undefined : noGuest())),
);

function onStar<Value>({ star }: Managed, act: (star: StarPart) => Value | Refusal): Value | Refusal {
  return star ? act(star) : new Refusal('ENODEV', 'this switch is not a node of a star');
}

function noGuest(): Refusal {
  return new Refusal('ENXIO', 'this node has no guest');
}
