import type { PortNumber } from '../../switch/switch.ts';
import { leadingInteger, scanIntegers } from '../arguments.ts';
import { command, heading, query, type Menu } from '../command.ts';
import type { Managed } from '../managed.ts';

/** Mirrors: what passes a port is shown at another one. */
export function mirrorMenu({ taps, ports, send }: Managed): Menu {
  const mirrors = new Map<PortNumber, Set<PortNumber>>();
  let tap: Disposable | undefined;
  // What is shown at a port does not pass it: mirrors of mirrors would never end.
  const show = (_direction: unknown, port: PortNumber, frame: Uint8Array): void => {
    for (const to of mirrors.get(port) ?? []) send(to, frame);
  };
  const stop = (): void => {
    tap?.[Symbol.dispose]();
    tap = undefined;
  };
  const forget = (port: PortNumber): void => {
    mirrors.delete(port);
    for (const [from, targets] of mirrors) if (targets.delete(port) && targets.size === 0) mirrors.delete(from);
    if (mirrors.size === 0) stop();
  };
  // Whoever gets its number next is somebody else.
  const watching = ports.observe(({ kind, port }) => {
    if (kind === 'removed') forget(port);
  });
  return {
    commands: [
      heading('mirror', 'copies of the frames of one port at another'),
      command('mirror/add', 'PORT TO', 'copy all frames that enter or leave by PORT to TO', ({ argument }) => {
        const [port, to] = scanIntegers(argument, 2) ?? [];
        if (port === undefined || to === undefined || port === to) return 'EINVAL';
        if (!ports.get(port) || !ports.get(to)) return 'ENXIO';
        const targets = mirrors.get(port) ?? new Set();
        if (targets.has(to)) return 'EEXIST';
        mirrors.set(port, targets.add(to));
        tap ??= taps.add(show);
        return 'success';
      }),
      command('mirror/del', 'PORT [TO]', 'stop copying, to TO or to all', ({ argument }) => {
        const [port, to] = scanIntegers(argument, 2) ?? [leadingInteger(argument)];
        const targets = mirrors.get(port ?? -1);
        if (port === undefined || !targets || (to !== undefined && !targets.delete(to))) return 'ENOENT';
        if (to === undefined || targets.size === 0) mirrors.delete(port);
        if (mirrors.size === 0) stop();
        return 'success';
      }),
      query('mirror/print', '', 'list the mirrors', ({ print }) => {
        for (const [port, targets] of mirrors) for (const to of targets) print(`Port ${port} to port ${to}`);
        return 'success';
      }),
    ],
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      stop();
    },
  };
}
