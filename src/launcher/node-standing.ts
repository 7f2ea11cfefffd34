import type { Clock, Timer } from '../clock.ts';
import type { GroupMaster } from './group-master.ts';
import type { GroupSlave } from './group-slave.ts';
import type { StarLinks } from './star-links.ts';

/** The standing of a node in its group, for the service manager, and for commands that list the running services. */
export interface NodeStanding {
  /** The group's id; undefined before a slave has joined, and in the plain star. */
  readonly group: string | undefined;
  /** The node's name in the group. */
  readonly name: string | undefined;
  /** The state, for people. */
  readonly text: string;
}

/** Called with the standing of a node, at first and when it may have changed. */
export type TellStanding = (standing: NodeStanding) => void;

/** Tells the standing of a slave until disposed. */
export function tellSlave(group: GroupSlave, links: StarLinks, tell: TellStanding): Disposable {
  let refusal = '';
  let isLinked = false;
  const look = (): void => {
    const { welcome } = group.engine;
    const text = `${textOf(group, refusal)}${isLinked ? '; linked' : ''}`;
    tell({ group: welcome?.group, name: welcome?.name, text });
  };
  const events = group.engine.events.subscribe((event) => {
    if (event.type === 'refused') refusal = event.reason;
    look();
  });
  const uplink = links.watchUplink((isUp) => {
    isLinked = isUp;
    look();
  });
  look();
  return {
    [Symbol.dispose]: () => {
      events[Symbol.dispose]();
      uplink[Symbol.dispose]();
    },
  };
}

function textOf({ engine, control }: GroupSlave, refusal: string): string {
  const { welcome, standing } = engine;
  const known = welcome && `slave ${welcome.id}${welcome.name === undefined ? '' : ` (${welcome.name})`}`;
  switch (standing) {
    case 'joined':
      return `joined as ${known ?? 'a slave'}`;
    case 'seeking':
      return `${known === undefined ? '' : `${known} `}seeks the master at ${control}`;
    case 'waiting':
      return 'waits until it is accepted at the master';
    case 'refused':
      return `refused by the master: ${refusal}`;
    case 'over':
      return 'the membership is over';
  }
}

/** The least time between two reports of a master, whose members may come in crowds; in milliseconds. */
const interval = 1000;

/** Tells the standing of a master until disposed. */
export function tellMaster({ engine }: GroupMaster, clock: Clock, tell: TellStanding): Disposable {
  let timer: Timer | undefined;
  const look = (): void => {
    timer = undefined;
    const { group, size, joined, linked } = engine;
    tell({ group: group?.id, name: 'master', text: `${size} ${size === 1 ? 'member' : 'members'}: ${joined} joined, ${linked} linked` });
  };
  const events = engine.events.subscribe(() => (timer ??= clock.after(interval, look)));
  look();
  return {
    [Symbol.dispose]: () => {
      events[Symbol.dispose]();
      timer?.[Symbol.dispose]();
    },
  };
}
