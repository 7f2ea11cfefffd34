import { EtherloomError } from '../errors.ts';
import { ReceiveRing, SendBatch } from './datagrams.ts';
import { PacketBatch, PacketRing } from './packets.ts';
import { EpollReadiness, type PolledSource, type Readiness } from './readiness.ts';
import { StreamRing } from './stream-socket.ts';
import { openLoopWaker, type OpenWaker } from './waker.ts';
import { openWorkerWaker } from './worker-waker.ts';

/** The parts that all ports of one event loop share. */
export interface Loop {
  readonly readiness: Readiness;
  readonly ring: ReceiveRing;
  readonly streams: StreamRing;
  readonly batch: SendBatch;
  /** The memory of packets, for sockets that have many peers. Made when it is first used. */
  readonly packets: PacketRing;
  /** Made when it is first used. */
  readonly packetBatch: PacketBatch;
  /**
   * Makes the loop sleep without polling until the returned value is disposed. Used while waiting for an event of Node's own event loop.
   */
  readonly sleepAtOnce: () => Disposable;
  /** Polls a source that the kernel does not report, until disposed; see PolledSource. */
  readonly poll: (source: PolledSource) => Disposable;
  /** Overwrites the memory of frames received in the last breath, so that tests detect code that kept a frame. */
  poison(): void;
}

/** The options of a loop. */
export interface LoopOptions {
  /** The length of the longest datagram that can be received, in octets. */
  readonly frameSize: number;
  /** Runs `work` as one breath, at whose end all frames sent in it are passed to the kernel. */
  readonly breath: (work: () => void) => void;
  /** Opens the waker of the loop. Default: the one that `ETHERLOOM_WAKER` names, otherwise Node's own event loop. */
  readonly openWaker?: OpenWaker;
}

/** The room of a packet in front of its frame, in octets: an IPv4 header with all options, and the header of a tunnel. */
const headerRoom = 80;

/** The wakers by the value of the environment variable `ETHERLOOM_WAKER`. */
const wakers: Readonly<Record<string, OpenWaker>> = { loop: openLoopWaker, worker: openWorkerWaker };

/** Opens the shared parts of a loop. A round reports each ready descriptor once, and is one breath. */
export function openLoop({ frameSize, breath, openWaker = wakerByEnvironment() }: LoopOptions): Loop {
  const ring = new ReceiveRing(frameSize);
  const streams = new StreamRing();
  let packets: PacketRing | undefined;
  let packetBatch: PacketBatch | undefined;
  const packetRing = (): PacketRing => (packets ??= new PacketRing(frameSize + headerRoom));
  const round = (count: number, tell: () => void): void =>
    breath(() => {
      ring.rewind(count);
      streams.rewind(count);
      packets?.rewind(count);
      tell();
    });
  const poison = (): void => {
    ring.poison();
    streams.poison();
    packets?.poison();
  };
  const readiness = new EpollReadiness({ openWaker, round });
  return {
    readiness,
    ring,
    streams,
    batch: new SendBatch(ring),
    get packets() {
      return packetRing();
    },
    get packetBatch() {
      return (packetBatch ??= new PacketBatch(packetRing(), ring));
    },
    poison,
    sleepAtOnce: () => readiness.sleepAtOnce(),
    poll: (source) => readiness.poll(source),
  };
}

function wakerByEnvironment(): OpenWaker {
  const name = process.env['ETHERLOOM_WAKER'] ?? 'loop';
  const waker = wakers[name];
  if (!waker) throw new EtherloomError('bad-option', `ETHERLOOM_WAKER is ${name}; it is one of: ${Object.keys(wakers).join(', ')}`);
  return waker;
}
