import type { SwitchOptions } from '../switch/switch.ts';
import type { Wording } from './words.ts';

/** The options of a switch of the lab. */
export interface LabSwitchOptions extends Pick<SwitchOptions, 'ageingTime' | 'minPersistence' | 'maxEntries' | 'priority'> {
  /** True if it takes part in spanning trees. Default: false. */
  readonly fstp?: boolean;
  /** True if it is a hub: then it has no VLANs, no spanning tree, and learns nothing. Default: false. */
  readonly hub?: boolean;
  /** True if ports without VLAN settings carry all VLANs with their tags, as those of `etherloom switch` do. Default: true. */
  readonly trunk?: boolean;
  /** The VLANs that it knows; links to switches that know them too carry them with tags. Default: only 0, which has no tags. */
  readonly vlans?: readonly number[];
  /** Its own address. By default one made from the order of adding. */
  readonly mac?: string;
}

/** The options of a switch. */
export const switchWords = {
  fstp: 'flag',
  hub: 'flag',
  trunk: 'flag',
  vlans: 'numbers',
  mac: 'text',
  priority: 'number',
  ageingTime: 'number',
  minPersistence: 'number',
  maxEntries: 'number',
} as const satisfies Wording<LabSwitchOptions>;
