import type { Managed } from '../../management/managed.ts';
import { startRecording, stopRecording } from '../../management/operations/captures.ts';
import { leadingInteger } from '../arguments.ts';
import { command, heading, query, type Call, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Status } from '../../management/status.ts';
import type { Plugin } from '../menus/plugins.ts';
import { operate, statusOf } from '../operate.ts';

/** These are never emitted: they are there so that scripts which ask for them go on. */
const categories: readonly Category[] = [
  { path: 'pdump/packetin', tag: 0o101, help: 'no events; incoming frames are in the capture file' },
  { path: 'pdump/packetout', tag: 0o102, help: 'no events; outgoing frames are in the capture file' },
];

/** Writes all frames that come in and go out to a capture file. */
export function pdumpPlugin(managed: Managed, events: Events): Plugin {
  return { name: 'pdump', help: 'write each frame to a capture file', open };

  function open(): Menu {
    const { run } = operate(managed);
    const { recording } = managed;
    const known = events.add(categories);
    let path = 'vde_dump.cap';
    /** The rights with which the path was named; undefined for the usual path, which all may use. */
    let namedBy: string | undefined;
    const start = ({ giver }: Call): Status => {
      // Else a user could name a file that another user may write to, and wait until that user starts it.
      if (!recording.active && namedBy !== undefined && namedBy !== giver.files.whose) return 'EPERM';
      const status = statusOf(run(startRecording, { path }, giver));
      // As the original replies for any file that it cannot open.
      return status === 'success' || status === 'EEXIST' || status === 'EIO' ? status : 'EINVAL';
    };
    return {
      commands: [
        heading('pdump', 'frames to a file'),
        {
          ...query('pdump/active', '0/1', 'whether they are written', (call) =>
            leadingInteger(call.argument) === 0 ? statusOf(run(stopRecording, {}, call.giver)) : start(call),
          ),
          operations: [startRecording, stopRecording],
        },
        query('pdump/filename', '<file>', 'the file, or another one; who names it starts it', ({ argument, giver, print }) => {
          if (argument !== '') [path, namedBy] = [argument, giver.files.whose];
          print(`dumpfile=${path}`);
          return 'success';
        }),
        command('pdump/buffered', '0/1', 'without effect: frames are written at once', () => 'success'),
      ],
      [Symbol.dispose]: () => {
        recording.stop();
        known[Symbol.dispose]();
      },
    };
  }
}
