import type { Managed } from '../managed.ts';
import { Operation, reads, refused } from '../operation.ts';
import type { Mirror } from '../services/mirrors.ts';
import type { OnPort } from './on-port.ts';

/** Copies all frames of a port to another one. With `quiet`, that one only listens. */
export const addMirror = new Operation({
  name: 'mirror.add',
  summary: 'copy all frames that enter or leave by one port to another; a quiet one only listens',
  effect: 'sees-frames',
  setting: true,
  act: ({ mirrors }, { port, to, quiet = false }: OnPort & { readonly to: number; readonly quiet?: boolean | undefined }) =>
    refused(port === to ? 'EINVAL' : mirrors.add(port, to, quiet)),
});

/** Stops copying a port's frames, to one port or to all. */
export const removeMirror = new Operation({
  name: 'mirror.del',
  summary: 'stop copying the frames of a port, to one port or to all',
  effect: 'sees-frames',
  setting: true,
  act: ({ mirrors }, { port, to }: OnPort & { readonly to?: number | undefined }) => refused(mirrors.remove(port, to)),
});

/** Lists the mirrors. */
export const listMirrors = reads('mirror.list', 'list the mirrors', ({ mirrors }: Managed): readonly Mirror[] => mirrors.list());
