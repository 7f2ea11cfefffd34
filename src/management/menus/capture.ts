import type { PortNumber } from '../../switch/switch.ts';
import { encodePcapngHeader, encodePcapngPacket } from '../../wire/pcapng.ts';
import { integerAndText, leadingInteger } from '../arguments.ts';
import { command, heading, query, type Menu, type OpenFile } from '../command.ts';
import type { Managed } from '../managed.ts';

interface Capture {
  readonly path: string;
  readonly file: OpenFile;
  readonly tap: Disposable;
  frames: number;
}

const ethernet = 1;

/** Captures: what passes a port is written to a file. */
export function captureMenu({ taps, ports, clock }: Managed): Menu {
  const captures = new Map<PortNumber, Capture>();
  const stop = (port: PortNumber): boolean => {
    const capture = captures.get(port);
    capture?.tap[Symbol.dispose]();
    capture?.file[Symbol.dispose]();
    return captures.delete(port);
  };
  const watching = ports.changes.subscribe(({ kind, port }) => {
    if (kind === 'removed') stop(port);
  });
  const packet = (direction: 'in' | 'out', frame: Uint8Array): Uint8Array =>
    encodePcapngPacket({
      interface: 0,
      nanoseconds: BigInt(Math.floor(clock.wall() * 1000)) * 1000n,
      frame,
      originalLength: frame.length,
      direction: direction === 'in' ? 'inbound' : 'outbound',
    });
  return {
    commands: [
      heading('capture', 'captures of a port in a file'),
      command('capture/start', 'PORT FILE', 'write all frames of a port to a file (pcapng)', ({ argument, giver }) => {
        const [port, path] = integerAndText(argument) ?? [];
        if (port === undefined || path === undefined || path === '') return 'EINVAL';
        if (!ports.get(port)) return 'ENXIO';
        if (captures.has(port)) return 'EEXIST';
        const file = giver.files.open(path, 'new');
        if (typeof file === 'string') return file;
        if (!file.write(encodePcapngHeader([{ name: `port ${port}`, linkType: ethernet }]))) {
          file[Symbol.dispose]();
          return 'EIO';
        }
        const tap = taps.add((direction, number, frame) => {
          if (number !== port) return;
          if (file.write(packet(direction, frame))) capture.frames += 1;
          else if (file.failed) stop(port);
        });
        const capture: Capture = { path, file, tap, frames: 0 };
        captures.set(port, capture);
        return 'success';
      }),
      command('capture/stop', 'PORT', 'stop the capture of a port', ({ argument }) =>
        stop(leadingInteger(argument)) ? 'success' : 'ENOENT',
      ),
      query('capture/print', '', 'list the captures', ({ print }) => {
        for (const [port, { path, frames }] of captures) print(`Port ${port} to ${path}, ${frames} frames`);
        return 'success';
      }),
    ],
    [Symbol.dispose]: () => {
      watching[Symbol.dispose]();
      for (const port of [...captures.keys()]) stop(port);
    },
  };
}
