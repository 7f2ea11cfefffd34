import type { Benchmark } from '../harness/benchmark.ts';
import { api } from './api.ts';
import { churn } from './churn.ts';
import { core } from './core.ts';
import { flood, manyTalkers } from './crowds.ts';
import { dhcp } from './dhcp.ts';
import { gateway } from './gateway.ts';
import { guard } from './guard.ts';
import { idlePorts } from './idle-ports.ts';
import { lab } from './lab.ts';
import { latency } from './latency.ts';
import { link } from './link.ts';
import { linkTls } from './link-tls.ts';
import { metrics } from './metrics.ts';
import { qemu } from './qemu.ts';
import { overlay } from './overlay.ts';
import { plugs } from './plugs.ts';
import { roster } from './roster.ts';
import { relay } from './relay.ts';
import { shortcut } from './shortcut.ts';
import { start } from './start.ts';
import { tcpStream } from './tcp-stream.ts';
import { unicastFull, unicastSmall } from './unicast.ts';

/** All benchmarks, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  unicastSmall,
  unicastFull,
  latency,
  idlePorts,
  flood,
  manyTalkers,
  link,
  linkTls,
  shortcut,
  plugs,
  tcpStream,
  gateway,
  dhcp,
  overlay,
  qemu,
  relay,
  churn,
  guard,
  metrics,
  roster,
  api,
  core,
  start,
  lab,
];
