import type { Managed } from '../managed.ts';
import { Operation, Refusal } from '../operation.ts';
import type { GuestView, MasterView, MemberView, SlaveView, StarLinkView, StarPart } from '../parts/star.ts';

/** Shows this node's role and how it is connected. */
export const showStar = new Operation({
  name: 'star.showinfo',
  summary: "show this node's role, addresses and state",
  effect: 'reads',
  act: (managed): MasterView | SlaveView | Refusal => onStar(managed, (star) => star.show()),
});

/** Lists the slaves that have an id. */
export const listMembers = new Operation({
  name: 'star.members',
  summary: 'show the slaves that have an id, and whether they are connected',
  effect: 'reads',
  act: (managed): readonly MemberView[] | Refusal =>
    onStar(managed, (star) => star.members?.() ?? new Refusal('ENXIO', 'a slave does not know the members; ask the master')),
});

/** Lists the links to other nodes. */
export const listStarLinks = new Operation({
  name: 'star.links',
  summary: 'show the links to other nodes, and their counters',
  effect: 'reads',
  act: (managed): readonly StarLinkView[] | Refusal => onStar(managed, (star) => star.links()),
});

/** Shows the guest of this node. */
export const showGuest = new Operation({
  name: 'star.guest',
  summary: "show this node's guest",
  effect: 'reads',
  act: (managed): GuestView | Refusal => onStar(managed, (star) => star.guest() ?? noGuest()),
});

/** Ends the guest of this node. */
export const endGuest = new Operation({
  name: 'star.endguest',
  summary: "end this node's guest",
  effect: 'runs-programs',
  act: (managed): undefined | Refusal => onStar(managed, (star) => (star.endGuest() ? undefined : noGuest())),
});

/** Ends the guest of this node, and starts it again. */
export const restartGuest = new Operation({
  name: 'star.restartguest',
  summary: "end this node's guest, and start it again",
  effect: 'runs-programs',
  act: (managed): undefined | Refusal => onStar(managed, (star) => (star.restartGuest() ? undefined : noGuest())),
});

function onStar<Value>({ star }: Managed, act: (star: StarPart) => Value | Refusal): Value | Refusal {
  return star ? act(star) : new Refusal('ENODEV', 'this switch is not a node of a star');
}

function noGuest(): Refusal {
  return new Refusal('ENXIO', 'this node has no guest');
}
