import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TunnelKind } from '../load/spec.ts';
import type { Namespace } from './namespace.ts';
import { missingPrograms } from './programs.ts';
import { unpackedPackage } from './unpacked.ts';
import type { Workplace } from './workplace.ts';

/** Open vSwitch: its programs, the schema of its database, and where its libraries are looked for besides the usual places. */
interface OpenVswitch {
  readonly daemon: string;
  readonly program: (name: 'ovsdb-tool' | 'ovsdb-server' | 'ovs-vsctl') => string;
  readonly schema: string;
  readonly libraries: string;
}

/** A tunnel of Open vSwitch, as it is started. */
export interface OpenVswitchTunnel {
  readonly kind: TunnelKind;
  /** The card to the far end, whose address moves to a bridge. */
  readonly card: string;
  readonly local: string;
  readonly remote: string;
  readonly key: number;
}

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const patience = 10_000;

/** The card of the machine on the bridge that has the tunnel: a TAP of Open vSwitch. */
const stationCard = 'int0';

/** Finds Open vSwitch: as it is installed, or as its Debian package is when it is unpacked. Returns the reason if it cannot be found. */
export function findOpenVswitch(): OpenVswitch | string {
  const names = ['ovs-vswitchd', 'ovsdb-tool', 'ovsdb-server', 'ovs-vsctl'];
  if (missingPrograms(names).length === 0 && existsSync(schema)) {
    return { daemon: 'ovs-vswitchd', program: (name) => name, schema, libraries: '' };
  }
  const unpacked = unpackedPackage('openvswitch-switch');
  if (typeof unpacked === 'string') return `this machine has no Open vSwitch, and it could not be fetched: ${unpacked}`;
  const { place, libraries } = unpacked;
  return {
    daemon: join(place, 'usr/lib/openvswitch-switch/ovs-vswitchd'),
    program: (name) => join(place, name === 'ovsdb-server' ? 'usr/sbin' : 'usr/bin', name),
    schema: join(place, schema),
    libraries,
  };
}

/**
 * Starts Open vSwitch with its userspace datapath in a namespace: a bridge with the card to the far end, and one with the tunnel. Returns the
 * card of the station on it, and the process that forwards.
 */
export async function startOpenVswitch(
  tunnel: OpenVswitchTunnel,
  machine: Namespace,
  workplace: Workplace,
): Promise<{ card: string; pid: number }> {
  const { kind, card, local, remote, key } = tunnel;
  const ovs = findOpenVswitch();
  if (typeof ovs === 'string') throw new Error(ovs);
  const { directory } = workplace;
  const places = ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR'].map((what) => `${what}=${directory}`);
  const environment = ['env', ...places, `LD_LIBRARY_PATH=${ovs.libraries}`];
  const [configuration, socket] = [workplace.path('conf.db'), workplace.path('db.sock')];
  machine.run(...environment, ovs.program('ovsdb-tool'), 'create', configuration, ovs.schema);
  workplace.start([...environment, ovs.program('ovsdb-server'), configuration, `--remote=punix:${socket}`]);
  await until(() => existsSync(socket));
  const configure = (...words: readonly string[]): string =>
    machine.run(...environment, ovs.program('ovs-vsctl'), `--db=unix:${socket}`, '--timeout=10', ...words);
  configure('--no-wait', 'init');
  const daemon = machine.start([...environment, ovs.daemon, `unix:${socket}`]);
  const bridge = (name: string): string[] => ['--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev'];
  configure(...bridge('phy'), '--', 'add-port', 'phy', card);
  machine.run('ip', 'address', 'del', `${local}/24`, 'dev', card);
  machine.run('ip', 'address', 'add', `${local}/24`, 'dev', 'phy');
  machine.run('ip', 'link', 'set', 'phy', 'up');
  const options = [`options:remote_ip=${remote}`, `options:key=${key}`];
  configure(...bridge(stationCard), '--', 'add-port', stationCard, 't', '--', 'set', 'interface', 't', `type=${kind}`, ...options);
  machine.run('ip', 'link', 'set', stationCard, 'up');
  return { card: stationCard, pid: daemon.pid };
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!isSo()) {
    if (performance.now() > end) throw new Error('the database of Open vSwitch is not served');
    await delay(10);
  }
}
