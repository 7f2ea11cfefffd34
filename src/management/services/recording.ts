import type { Clock } from '../../clock.ts';
import type { FrameTaps } from '../../plane/frame-taps.ts';
import { encodePcapHeader, encodePcapRecord, ethernetLink } from '../../wire/pcap.ts';
import { openWithHeader, type Files, type OpenFile } from '../files.ts';
import type { Status } from '../status.ts';

/** The parts of a switch that a recording uses. */
export interface RecordingSources {
  readonly taps: FrameTaps;
  readonly clock: Clock;
}

/** The recording of all frames of a switch in one pcap file. It ends when the file can take no more. */
export class Recording implements Disposable {
  readonly #sources: RecordingSources;
  #running: { readonly file: OpenFile; readonly tap: Disposable } | undefined;

  constructor(sources: RecordingSources) {
    this.#sources = sources;
  }

  /** True while it runs. */
  get active(): boolean {
    return this.#running !== undefined;
  }

  /** Starts it with a new file. Returns the reason if that fails. */
  start(path: string, files: Files): Status {
    if (this.#running) return 'EEXIST';
    const file = openWithHeader(files, path, encodePcapHeader(ethernetLink));
    if (typeof file === 'string') return file;
    this.#running = { file, tap: this.#sources.taps.add((_direction, _port, frame) => this.#record(file, frame)) };
    return 'success';
  }

  /** Ends it. Returns true if it was running. */
  stop(): boolean {
    const running = this.#running;
    this.#running = undefined;
    running?.tap[Symbol.dispose]();
    running?.file[Symbol.dispose]();
    return running !== undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #record(file: OpenFile, frame: Uint8Array): void {
    const now = this.#sources.clock.wall();
    const seconds = Math.floor(now / 1000);
    const microseconds = Math.floor((now - seconds * 1000) * 1000);
    if (!file.write(encodePcapRecord({ seconds, microseconds, originalLength: frame.length, frame })) && file.failed) this.stop();
  }
}
