import type { Managed } from '../managed.ts';
import { Operation, refused, Refusal } from '../operation.ts';
import type { OnPort } from './on-port.ts';

/** A capture of a port in a file. */
export interface CaptureView {
  readonly port: number;
  readonly path: string;
  /** The number of frames written so far. */
  readonly frames: number;
}

/** The arguments of an operation that writes to a file of the caller. */
interface ToFile {
  readonly path: string;
}

/** Starts to write all frames of a port to a file. This setting is not saved, since the file belongs to the caller. */
export const startCapture = new Operation({
  name: 'capture.start',
  summary: 'write all frames of a port to a file (pcapng)',
  effect: 'sees-frames',
  act: ({ captures }, { port, path }: OnPort & ToFile, { files }) => refused(path === '' ? 'EINVAL' : captures.start(port, path, files)),
});

/** Ends the capture of a port. */
export const stopCapture = new Operation({
  name: 'capture.stop',
  summary: 'stop the capture of a port',
  effect: 'sees-frames',
  act: ({ captures }, { port }: OnPort) => (captures.stop(port) ? undefined : new Refusal('ENOENT')),
});

/** Lists the captures, the oldest first. */
export const listCaptures = new Operation({
  name: 'capture.list',
  summary: 'list the captures',
  effect: 'reads',
  act: ({ captures }: Managed): readonly CaptureView[] => captures.list().map(({ port, path, frames }) => ({ port, path, frames })),
});

/** Starts to write the frames of all ports to a file. */
export const startRecording = new Operation({
  name: 'frame.record',
  summary: 'write all frames of all ports to a file (pcap)',
  effect: 'sees-frames',
  act: ({ recording }, { path }: ToFile, { files }) => refused(recording.start(path, files)),
});

/** Ends the recording of all ports. */
export const stopRecording = new Operation({
  name: 'frame.stoprecord',
  summary: 'stop the recording of all ports',
  effect: 'sees-frames',
  act: ({ recording }) => (recording.stop() ? undefined : new Refusal('ENOENT')),
});

/** Starts or stops the reports of all frames to the listeners. */
export const reportFrames = new Operation({
  name: 'frame.report',
  summary: '1: report each frame as an event, 0: stop',
  effect: 'sees-frames',
  act: ({ frameReports }, { on }: { readonly on: boolean }): void => {
    if (on) frameReports.start();
    else frameReports.stop();
  },
});
