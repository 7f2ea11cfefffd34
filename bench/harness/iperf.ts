import { readFileSync } from 'node:fs';
import type { Namespace } from './namespace.ts';

/** A TCP stream that was measured. */
export interface Stream {
  readonly bits: number;
  readonly seconds: number;
}

/** Where a stream goes, and how long. */
export interface StreamOptions {
  /** The host where iperf3 serves. */
  readonly address: string;
  /** Where its report is written. */
  readonly log: string;
  readonly seconds: number;
  /** Whether the host that serves is the one that sends. Default: false. */
  readonly down?: boolean;
}

interface Report {
  readonly error?: string;
  readonly end: { readonly sum_received?: { readonly bytes: number; readonly seconds: number } };
}

/** Starts iperf3 in a host, for one stream after the other. */
export async function serveStreams(serving: Namespace): Promise<void> {
  const iperf = serving.start(['iperf3', '-s', '--forceflush']);
  await iperf.line(/listening/);
}

/** Streams for whole seconds, and returns what arrived. Throws when nothing did. */
export async function stream(asking: Namespace, { address, log, seconds, down = false }: StreamOptions): Promise<Stream> {
  const duration = Math.max(1, Math.round(seconds));
  const way = down ? ['-R'] : [];
  const iperf = asking.start(['iperf3', '-c', address, '-J', '--logfile', log, '-t', String(duration), ...way]);
  await iperf.exit(duration + 20);
  const { error, end } = JSON.parse(readFileSync(log, 'utf8')) as Report;
  if (error !== undefined || end.sum_received === undefined) throw new Error(`iperf3 failed: ${error ?? 'no sum'}`);
  if (end.sum_received.bytes === 0) throw new Error('iperf3 sent nothing that arrived');
  return { bits: end.sum_received.bytes * 8, seconds: end.sum_received.seconds };
}
