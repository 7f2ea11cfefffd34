import type { Managed } from '../../management/managed.ts';
import { reportFrames } from '../../management/operations/captures.ts';
import { formatHex } from '../../wire/octets.ts';
import { oneSwitch } from '../arguments.ts';
import { heading, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Plugin } from '../menus/plugins.ts';
import { operate } from '../operate.ts';
import { padded } from '../text.ts';

const categories: Readonly<Record<'in' | 'out', Category>> = {
  in: { path: 'dump/packetin', tag: 0o101, help: 'a frame entered the switch' },
  out: { path: 'dump/packetout', tag: 0o102, help: 'a frame left the switch' },
};

/** Makes the plugin that emits each frame as an event, octet by octet. */
export function dumpPlugin(managed: Managed, events: Events): Plugin {
  return { name: 'dump', help: 'report each frame as an event', open };

  function open(): Menu {
    const told = events.add([categories.in, categories.out]);
    const watching = managed.frameReports.frames.subscribe(({ direction, port, frame }) => {
      const category = categories[direction];
      if (!events.wanted(category)) return;
      events.emit(category, `Pkt: Port ${padded(port)} len=${padded(frame.length)} ${formatHex(frame, ' ')} `);
    });
    return {
      commands: [
        heading('dump', 'frames as events'),
        operate(managed).command('dump/active', '0/1', reportFrames, oneSwitch('on'), '1: emit an event for each frame, 0: stop'),
      ],
      [Symbol.dispose]: () => {
        managed.frameReports.stop();
        watching[Symbol.dispose]();
        told[Symbol.dispose]();
      },
    };
  }
}
