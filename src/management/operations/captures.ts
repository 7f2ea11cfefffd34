import type { Managed } from '../managed.ts';
import { reads, Refusal, refused, seesFrames } from '../operation.ts';
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
export const startCapture = seesFrames(
  'capture.start',
  'write all frames of a port to a file (pcapng)',
  ({ captures }, { port, path }: OnPort & ToFile, { files }) => refused(path === '' ? 'EINVAL' : captures.start(port, path, files)),
);

/** Ends the capture of a port. */
export const stopCapture = seesFrames('capture.stop', 'stop the capture of a port', ({ captures }, { port }: OnPort) =>
  captures.stop(port) ? undefined : new Refusal('ENOENT'),
);

/** Lists the captures, the oldest first. */
export const listCaptures = reads('capture.list', 'list the captures', ({ captures }: Managed): readonly CaptureView[] =>
  captures.list().map(({ port, path, frames }) => ({ port, path, frames })),
);

/** Starts to write the frames of all ports to a file. */
export const startRecording = seesFrames(
  'frame.record',
  'write all frames of all ports to a file (pcap)',
  ({ recording }, { path }: ToFile, { files }) => refused(recording.start(path, files)),
);

/** Ends the recording of all ports. */
export const stopRecording = seesFrames('frame.stoprecord', 'stop the recording of all ports', ({ recording }) =>
  recording.stop() ? undefined : new Refusal('ENOENT'),
);

/** Starts or stops the reports of all frames to the listeners. */
export const reportFrames = seesFrames(
  'frame.report',
  'report each frame to the listeners of the console, or stop',
  ({ frameReports }, { on }: { readonly on: boolean }): void => {
    if (on) frameReports.start();
    else frameReports.stop();
  },
);
