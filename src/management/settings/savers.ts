import { addRange, removeRange, setAddressExpiry, setAddressSweeps } from '../operations/addresses.ts';
import { addLink, removeLink } from '../operations/links.ts';
import { addMirror, removeMirror } from '../operations/mirrors.ts';
import { setHub, setNumports } from '../operations/ports.ts';
import { setExpiry, setPersistence, setSweeps, setTableSize } from '../operations/stations.ts';
import { setBonus, setBothEnds, setMaxAge, setTree } from '../operations/trees.ts';
import { createVlan, removeVlan } from '../operations/vlans.ts';
import { formatRange } from '../services/ip-source.ts';
import { portSaver } from './port-saver.ts';
import { listSaver, setting, valueSaver, type Saved, type Saver } from './saver.ts';
import type { Settings } from './setting.ts';

/** Saves whether spanning trees are on. In a hub they are off, which the saved hub setting implies. */
const treeSaver: Saver = {
  saves: [setTree],
  begin: ({ switch: bridge }) => {
    const first = bridge.fstp.enabled;
    return () => {
      const { hub, fstp } = bridge;
      const on = fstp.enabled;
      return on === (first && !hub) ? [] : [setting(setTree, { on })];
    };
  },
};

/** All savers, in the order in which their settings can be made. Ports need their numbers and VLANs; mirrors and links need ports. */
export const savers: readonly Saver[] = [
  valueSaver(
    setNumports,
    ({ ports }) => ports.numports,
    (count) => ({ count }),
  ),
  valueSaver(
    setHub,
    ({ switch: bridge }) => bridge.hub,
    (hub) => ({ hub }),
  ),
  valueSaver(
    setTableSize,
    ({ stationSettings }) => stationSettings.size,
    (size) => ({ size }),
  ),
  valueSaver(setSweeps, ({ stationSettings }) => stationSettings.gcInterval, inSeconds),
  valueSaver(setExpiry, ({ stationSettings }) => stationSettings.expire, inSeconds),
  valueSaver(setPersistence, ({ stationSettings }) => stationSettings.minPersistence, inSeconds),
  listSaver([createVlan, removeVlan], ({ switch: { vlans } }) =>
    vlans.list().flatMap((vlan) => (vlan === 0 ? [] : [setting(createVlan, { vlan })])),
  ),
  portSaver,
  valueSaver(
    setMaxAge,
    ({ switch: { fstp } }) => fstp.maxAge,
    (maxAge) => ({ bridges: maxAge === Infinity ? 0 : maxAge }),
  ),
  valueSaver(
    setBothEnds,
    ({ switch: { fstp } }) => fstp.closesBothEnds,
    (both) => ({ both }),
  ),
  listSaver([setBonus], ({ switch: { vlans, fstp } }) =>
    vlans.list().flatMap((vlan) => {
      const bonus = fstp.bonus(vlan);
      return bonus ? [setting(setBonus, { vlan, port: bonus.port, cost: bonus.cost })] : [];
    }),
  ),
  treeSaver,
  listSaver([addMirror, removeMirror], ({ mirrors }) =>
    mirrors.list().map(({ port, to, quiet }) => setting(addMirror, { port, to, ...(quiet && { quiet }) })),
  ),
  listSaver([addRange, removeRange], ({ addresses }) => addresses.ranges.map((range) => setting(addRange, { range: formatRange(range) }))),
  valueSaver(setAddressSweeps, ({ addresses }) => addresses.gcInterval, inSeconds),
  valueSaver(setAddressExpiry, ({ addresses }) => addresses.expire, inSeconds),
  listSaver([addLink, removeLink], ({ links }) =>
    (links?.list() ?? []).map(({ address, plain }) => setting(addLink, { address, ...(plain && { plain }) })),
  ),
];

/** Records the settings of a new switch. The result returns those that were changed since. */
export function settingsOf(managed: Saved): Settings {
  const saved = savers.map(({ begin }) => begin(managed));
  return { changed: () => saved.flatMap((changed) => changed()) };
}

function inSeconds(seconds: number): { readonly seconds: number } {
  return { seconds };
}
