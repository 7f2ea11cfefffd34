import { formatQuality } from '../../impairment/impairment-text.ts';
import type { PortNumber } from '../../switch/switch.ts';
import { vid, type Vid } from '../../wire/dot1q.ts';
import { impairPort, setUp } from '../operations/conditions.ts';
import { createPort, removePort, setAllocatable, setGroup, setGuard, setSticky, setUntagged, setUser } from '../operations/ports.ts';
import { addMember, removeMember, setTrunk } from '../operations/vlans.ts';
import type { ManagedPort } from '../port-table.ts';
import { setting, type Saved, type Saver } from './saver.ts';
import type { Setting } from './setting.ts';

/** The settings of a port. */
interface PortSettings {
  readonly untagged: Vid | 'none';
  readonly tagged: readonly Vid[];
  readonly trunk: boolean;
  readonly allocatable: boolean;
  readonly sticky: boolean;
  readonly guarded: boolean;
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly up: boolean;
  /** The impairment in words. */
  readonly impairment: string;
}

/**
 * Saves the created ports, and those whose settings differ from the ones that a port gets when its client arrives. The latter are saved as created
 * ports too, since they must exist before the client.
 */
export const portSaver: Saver = {
  saves: [
    createPort,
    removePort,
    setUser,
    setGroup,
    setUntagged,
    addMember,
    removeMember,
    setTrunk,
    setSticky,
    setGuard,
    impairPort,
    setUp,
    setAllocatable,
  ],
  begin: (managed) => {
    const first = new Map(managed.ports.list().map((port) => [port.number, settingsOf(managed, port)]));
    return () => {
      const mirrored = new Set(managed.mirrors.list().flatMap(({ port, to }) => [port, to]));
      return managed.ports.list().flatMap((port) => {
        const { number, created } = port;
        const now = settingsOf(managed, port);
        const before = first.get(number);
        if (before) return changes(number, before, now);
        const own = changes(number, newPort(managed, number, { allocatable: true }), now);
        if (!created && own.length === 0 && !mirrored.has(number)) return [];
        return [setting(createPort, { port: number }), ...changes(number, newPort(managed, number, { allocatable: false }), now)];
      });
    };
  },
};

function settingsOf({ switch: bridge }: Saved, { number, allocatable, user, group, condition, guarded }: ManagedPort): PortSettings {
  const port = bridge.port(number);
  const { untagged = vid(0), tagged = [], trunk = false } = port?.vlans ?? {};
  const { up, impairment } = condition;
  return {
    untagged,
    tagged: [...tagged].sort((a, b) => a - b),
    trunk,
    allocatable,
    sticky: port?.sticky === true,
    guarded,
    user,
    group,
    up,
    impairment: wordsOf(impairment),
  };
}

function wordsOf(impairment: ManagedPort['condition']['impairment']): string {
  return impairment === undefined ? 'off' : formatQuality(impairment);
}

function newPort({ ports }: Saved, number: PortNumber, { allocatable }: { readonly allocatable: boolean }): PortSettings {
  const vlans = { untagged: vid(0), tagged: [], trunk: ports.trunk };
  return {
    ...vlans,
    allocatable,
    sticky: false,
    guarded: ports.guards(number),
    user: undefined,
    group: undefined,
    up: true,
    impairment: 'off',
  };
}

/** Returns the settings that change a port from `before` to `now`. A port is restricted first, and opened to all clients last. */
function changes(port: PortNumber, before: PortSettings, now: PortSettings): Setting[] {
  const { up, allocatable, sticky, guarded, impairment } = now;
  return [
    ...(now.user === before.user ? [] : [setting(setUser, { port, name: nameOf(now.user) })]),
    ...(now.group === before.group ? [] : [setting(setGroup, { port, name: nameOf(now.group) })]),
    ...vlanChanges(port, before, now),
    ...(sticky === before.sticky ? [] : [setting(setSticky, { port, sticky })]),
    ...(guarded === before.guarded ? [] : [setting(setGuard, { port, guarded })]),
    ...(impairment === before.impairment ? [] : [setting(impairPort, { port, words: impairment })]),
    ...(up === before.up ? [] : [setting(setUp, { port, up })]),
    ...(allocatable === before.allocatable ? [] : [setting(setAllocatable, { port, allocatable })]),
  ];
}

function vlanChanges(port: PortNumber, before: PortSettings, now: PortSettings): Setting[] {
  const memberships = [
    ...(now.untagged === before.untagged ? [] : [setting(setUntagged, { port, vlan: now.untagged })]),
    ...now.tagged.filter((vlan) => !before.tagged.includes(vlan)).map((vlan) => setting(addMember, { vlan, port })),
    ...before.tagged.filter((vlan) => !now.tagged.includes(vlan)).map((vlan) => setting(removeMember, { vlan, port })),
  ];
  // Setting one of its VLANs ends a port's trunk mode.
  const trunk = memberships.length === 0 && before.trunk;
  return now.trunk === trunk ? memberships : [...memberships, setting(setTrunk, { port, trunk: now.trunk })];
}

/** Returns the text for an account. It is a number, since another user may have the name when the settings are read. */
function nameOf(id: number | undefined): string {
  return id === undefined ? 'NONE' : String(id);
}
