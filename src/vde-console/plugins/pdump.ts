import { encodePcapHeader, encodePcapRecord } from '../../wire/pcap.ts';
import { leadingInteger } from '../arguments.ts';
import type { OpenFile } from '../../management/files.ts';
import { command, heading, query, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Managed } from '../../management/managed.ts';
import type { Plugin } from '../menus/plugins.ts';

/** Nobody is told these: they are there so that scripts which ask for them go on. */
const categories: readonly Category[] = [
  { path: 'pdump/packetin', tag: 0o101, help: 'no events; incoming frames are in the capture file' },
  { path: 'pdump/packetout', tag: 0o102, help: 'no events; outgoing frames are in the capture file' },
];

const ethernet = 1;

/** Writes all frames that come in and go out to a capture file. */
export function pdumpPlugin({ taps, clock }: Managed, events: Events): Plugin {
  return { name: 'pdump', help: 'write each frame to a capture file', open };

  function open(): Menu {
    const known = events.add(categories);
    let filename = 'vde_dump.cap';
    /** Whose file that is to be; undefined for anybody's. */
    let namedBy: string | undefined;
    let running: { readonly file: OpenFile; readonly tap: Disposable } | undefined;
    const stop = (): void => {
      running?.tap[Symbol.dispose]();
      running?.file[Symbol.dispose]();
      running = undefined;
    };
    const record = (file: OpenFile, frame: Uint8Array): void => {
      const now = clock.wall();
      const seconds = Math.floor(now / 1000);
      const microseconds = Math.floor((now - seconds * 1000) * 1000);
      if (!file.write(encodePcapRecord({ seconds, microseconds, originalLength: frame.length, frame })) && file.failed) stop();
    };
    return {
      commands: [
        heading('pdump', 'frames to a file'),
        query('pdump/active', '0/1', 'whether they are written', ({ argument, giver }) => {
          if (leadingInteger(argument) === 0) {
            const was = running;
            stop();
            return was ? 'success' : 'ENOENT';
          }
          if (running) return 'EEXIST';
          // Or somebody could name a file that he may not write to, and wait for one who may.
          if (namedBy !== undefined && namedBy !== giver.files.whose) return 'EPERM';
          const file = giver.files.open(filename, 'new');
          if (typeof file === 'string') return 'EINVAL';
          if (!file.write(encodePcapHeader(ethernet))) {
            file[Symbol.dispose]();
            return 'EIO';
          }
          running = { file, tap: taps.add((_direction, _port, frame) => record(file, frame)) };
          return 'success';
        }),
        query('pdump/filename', '<file>', 'the file, or another one; who names it starts it', ({ argument, giver, print }) => {
          if (argument !== '') [filename, namedBy] = [argument, giver.files.whose];
          print(`dumpfile=${filename}`);
          return 'success';
        }),
        command('pdump/buffered', '0/1', 'without effect: frames are written at once', () => 'success'),
      ],
      [Symbol.dispose]: () => {
        stop();
        known[Symbol.dispose]();
      },
    };
  }
}
