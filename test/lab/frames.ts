import { encodeEthernet } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';

/** Returns a broadcast of a protocol for experiments, from the n-th of stations that exist only for it. */
export function broadcast(n = 1): Uint8Array {
  return encodeEthernet({
    destination: broadcastMac,
    source: macFromNumber(0x0a00_0000_0000 + n),
    etherType: 0x88b5,
    payload: Uint8Array.of(n),
  });
}
