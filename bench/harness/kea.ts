import { join } from 'node:path';
import { missingPrograms } from './programs.ts';
import { unpackedPackage } from './unpacked.ts';

/** Kea's DHCP server: its program, and where its libraries are looked for besides the usual places. */
export interface Kea {
  readonly program: string;
  readonly libraries: string;
}

/** Finds Kea: as it is installed, or as its Debian package is when it is unpacked. Returns the reason if it cannot be found. */
export function findKea(): Kea | string {
  if (missingPrograms(['kea-dhcp4']).length === 0) return { program: 'kea-dhcp4', libraries: '' };
  const unpacked = unpackedPackage('kea-dhcp4-server');
  if (typeof unpacked === 'string') return `this machine has no kea-dhcp4, and it could not be fetched: ${unpacked}`;
  return { program: join(unpacked.place, 'usr/sbin/kea-dhcp4'), libraries: unpacked.libraries };
}
