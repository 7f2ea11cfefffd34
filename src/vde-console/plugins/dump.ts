import { formatHex } from '../../wire/octets.ts';
import { leadingInteger } from '../arguments.ts';
import { command, heading, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Managed } from '../../management/managed.ts';
import type { Plugin } from '../menus/plugins.ts';
import { padded } from '../text.ts';

const categories: Readonly<Record<'in' | 'out', Category>> = {
  in: { path: 'dump/packetin', tag: 0o101, help: 'a frame entered the switch' },
  out: { path: 'dump/packetout', tag: 0o102, help: 'a frame left the switch' },
};

/** Tells each frame as an event, octet by octet. */
export function dumpPlugin({ taps }: Managed, events: Events): Plugin {
  return { name: 'dump', help: 'report each frame as an event', open };

  function open(): Menu {
    const told = events.add([categories.in, categories.out]);
    let tap: Disposable | undefined;
    const stop = (): void => {
      tap?.[Symbol.dispose]();
      tap = undefined;
    };
    return {
      commands: [
        heading('dump', 'frames as events'),
        command('dump/active', '0/1', 'whether they are told', ({ argument }) => {
          stop();
          if (leadingInteger(argument) === 0) return 'success';
          tap = taps.add((direction, port, frame) => {
            const category = categories[direction];
            if (!events.wanted(category)) return;
            events.emit(category, `Pkt: Port ${padded(port)} len=${padded(frame.length)} ${formatHex(frame, ' ')} `);
          });
          return 'success';
        }),
      ],
      [Symbol.dispose]: () => {
        stop();
        told[Symbol.dispose]();
      },
    };
  }
}
