import type { Managed } from '../../management/managed.ts';
import { startRecording, stopRecording } from '../../management/operations/captures.ts';
import { leadingInteger } from '../arguments.ts';
import { command, heading, query, type Call, type Menu } from '../command.ts';
import type { Category, Events } from '../events.ts';
import type { Status } from '../../management/status.ts';
import type { Plugin } from '../menus/plugins.ts';
import { operate, statusOf } from '../operate.ts';

/** Kinds of events that are never emitted. They exist for scripts that subscribe to them. */
const categories: readonly Category[] = [
  { path: 'pdump/packetin', tag: 0o101, help: 'no events; incoming frames are in the capture file' },
  { path: 'pdump/packetout', tag: 0o102, help: 'no events; outgoing frames are in the capture file' },
];

/** Makes the plugin that writes all incoming and outgoing frames to a capture file. */
export function pdumpPlugin(managed: Managed, events: Events): Plugin {
  return { name: 'pdump', help: 'write each frame to a capture file', open };

  function open(): Menu {
    const { run } = operate(managed);
    const { recording } = managed;
    const known = events.add(categories);
    let path = 'vde_dump.cap';
    /** The rights of the user who named the path; undefined for the default path, which all may use. */
    let namedBy: string | undefined;
    const start = ({ giver }: Call): Status => {
      // Otherwise a user could name a file of another user, and wait until that user starts the recording.
      if (!recording.active && namedBy !== undefined && namedBy !== giver.files.whose) return 'EPERM';
      const status = statusOf(run(startRecording, { path }, giver));
      // The original gives this reply for any file that it cannot open.
      return status === 'success' || status === 'EEXIST' || status === 'EIO' ? status : 'EINVAL';
    };
    return {
      commands: [
        heading('pdump', 'frames to a file'),
        {
          ...query('pdump/active', '0/1', '1: write all frames to the file, 0: stop', (call) =>
            leadingInteger(call.argument) === 0 ? statusOf(run(stopRecording, {}, call.giver)) : start(call),
          ),
          operations: [startRecording, stopRecording],
        },
        query('pdump/filename', '<file>', 'show the file, or set it; the user who sets it must start it', ({ argument, giver, print }) => {
          if (argument !== '') [path, namedBy] = [argument, giver.files.whose];
          print(`dumpfile=${path}`);
          return 'success';
        }),
        command('pdump/buffered', '0/1', 'no effect: frames are written at once', () => 'success'),
      ],
      [Symbol.dispose]: () => {
        recording.stop();
        known[Symbol.dispose]();
      },
    };
  }
}
