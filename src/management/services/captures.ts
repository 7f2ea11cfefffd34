import type { Clock } from '../../clock.ts';
import type { FrameTaps } from '../../plane/frame-taps.ts';
import type { PortNumber } from '../../switch/switch.ts';
import { ethernetLink } from '../../wire/pcap.ts';
import { encodePcapngHeader, encodePcapngPacket } from '../../wire/pcapng.ts';
import { openWithHeader, type Files, type OpenFile } from '../files.ts';
import type { Endpoint, PortTable } from '../port-table.ts';
import type { Status } from '../status.ts';

/** A capture of a port in a file. */
export interface Capture {
  readonly port: PortNumber;
  readonly path: string;
  /** The number of frames written so far. */
  readonly frames: number;
}

/** The parts of a switch that captures use. */
export interface CaptureSources {
  readonly taps: FrameTaps;
  readonly ports: PortTable<Endpoint>;
  readonly clock: Clock;
}

interface Running extends Capture, Disposable {
  frames: number;
}

/** The captures of a switch: at most one for each port. Each ends with its port, or when its file can take no more. */
export class Captures implements Disposable {
  readonly #sources: CaptureSources;
  readonly #running = new Map<PortNumber, Running>();
  readonly #watching: Disposable;

  constructor(sources: CaptureSources) {
    this.#sources = sources;
    this.#watching = sources.ports.changes.subscribe(({ kind, port }) => {
      if (kind === 'removed') this.stop(port);
    });
  }

  /** Starts writing all frames of a port to a new file. Returns the reason if that fails. */
  start(port: PortNumber, path: string, files: Files): Status {
    if (!this.#sources.ports.get(port)) return 'ENXIO';
    if (this.#running.has(port)) return 'EEXIST';
    const file = openWithHeader(files, path, encodePcapngHeader([{ name: `port ${port}`, linkType: ethernetLink }]));
    if (typeof file === 'string') return file;
    this.#running.set(port, this.#run(port, path, file));
    return 'success';
  }

  /** Ends the capture of a port. Returns true if there was one. */
  stop(port: PortNumber): boolean {
    this.#running.get(port)?.[Symbol.dispose]();
    return this.#running.delete(port);
  }

  /** Returns the running captures, the oldest first. */
  list(): readonly Capture[] {
    return [...this.#running.values()];
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    for (const port of [...this.#running.keys()]) this.stop(port);
  }

  #run(port: PortNumber, path: string, file: OpenFile): Running {
    const tap = this.#sources.taps.add((direction, number, frame) => {
      if (number !== port) return;
      if (file.write(this.#packetOf(direction, frame))) running.frames += 1;
      else if (file.failed) this.stop(port);
    });
    const running: Running = {
      port,
      path,
      frames: 0,
      [Symbol.dispose]: () => {
        tap[Symbol.dispose]();
        file[Symbol.dispose]();
      },
    };
    return running;
  }

  #packetOf(direction: 'in' | 'out', frame: Uint8Array): Uint8Array {
    return encodePcapngPacket({
      interface: 0,
      nanoseconds: BigInt(Math.floor(this.#sources.clock.wall() * 1000)) * 1000n,
      frame,
      originalLength: frame.length,
      direction: direction === 'in' ? 'inbound' : 'outbound',
    });
  }
}
