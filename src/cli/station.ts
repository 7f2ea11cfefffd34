import { realClock } from '../clock.ts';
import { openLog } from '../daemon/log.ts';
import type { Log } from '../log.ts';
import { Scope } from '../daemon/scope.ts';
import { serve } from '../daemon/serve.ts';
import { EtherloomError } from '../errors.ts';
import { idOfMac, macOfId } from '../star/identity.ts';
import { StationUplink } from '../companions/station/station-uplink.ts';
import { Station } from '../companions/station/station.ts';
import { realRandom } from '../random.ts';
import { formatIpv4, parseIpv4, type Ipv4Address } from '../wire/ipv4.ts';
import { formatMac, parseMac, type MacAddress } from '../wire/mac.ts';

/** The options of `etherloom station`. */
export interface StationArguments {
  readonly sock: string;
  readonly mac?: string;
  readonly id?: number;
  readonly ping: readonly string[];
}

/** Implements `etherloom station`: a DHCP client on a VDE switch that answers pings and sends them. */
export async function runStation({ sock, mac: macText, id, ping }: StationArguments): Promise<void> {
  const log = openLog('etherloom station');
  const mac = macOf(macText, id);
  const peers = ping.map(peerOf);
  await serve(async ({ signal }) => {
    const scope = new Scope();
    const tell = teller(mac, log);
    // The station sends only after a timer or a frame, and both come after the link exists.
    const link = scope.use(
      await StationUplink.open(
        {
          directory: sock,
          description: `station ${formatMac(mac)}`,
          receive: (frame) => station.receive(frame),
          carrier(up) {
            const address = station.lease?.address;
            tell(up ? (address === undefined ? 'linked' : 'ready') : 'unlinked', address);
            station.carrier(up);
          },
        },
        { clock: realClock, log, poison: process.env['ETHERLOOM_POISON'] === '1' },
        signal,
      ),
    );
    tell('linked', undefined);
    const station = scope.use(
      new Station({
        clock: realClock,
        random: realRandom,
        mac,
        peers,
        send: (frame) => link.send(frame),
        onLease: (lease) => tell(lease === undefined ? 'linked' : 'ready', lease?.address),
        onPing: pingReport(mac, log),
      }),
    );
    return scope;
  });
}

function macOf(text: string | undefined, id: number | undefined): MacAddress {
  if (text !== undefined && id !== undefined) throw new EtherloomError('bad-option', '--mac and --id exclude each other; give one of them');
  const mac = text === undefined ? (id === undefined ? undefined : macOfId(id)) : parseMac(text);
  if (mac === undefined) {
    throw new EtherloomError(
      'bad-option',
      text === undefined
        ? 'neither --mac nor --id is given; give one of them'
        : `--mac ${text} is not a MAC address; write it as 02:65:6c:00:00:07`,
    );
  }
  return mac;
}

function peerOf(text: string): Ipv4Address {
  const peer = parseIpv4(text);
  if (peer === undefined) throw new EtherloomError('bad-option', `--ping ${text} is not an IPv4 address; write it as 10.77.0.1`);
  return peer;
}

/** Logs changes of the station's state, in the words that guests use. */
function teller(mac: MacAddress, log: Log): (state: string, address: Ipv4Address | undefined) => void {
  let told = '';
  return (state, address) => {
    const text = address === undefined ? state : `${state}, ${formatIpv4(address)}`;
    if (text === told) return;
    told = text;
    log(`station ${formatMac(mac)}: ${text}`, {
      event: 'guest',
      id: idOfMac(mac),
      mac: formatMac(mac),
      state,
      ...(address !== undefined && { address: formatIpv4(address) }),
    });
  };
}

/** Logs each round trip, but of missing answers only the first. */
function pingReport(mac: MacAddress, log: Log): (peer: Ipv4Address, milliseconds: number | undefined) => void {
  const silent = new Set<Ipv4Address>();
  return (peer, milliseconds) => {
    const fields = { event: 'ping', id: idOfMac(mac), peer: formatIpv4(peer) };
    if (milliseconds !== undefined) {
      silent.delete(peer);
      log(`${formatIpv4(peer)} answers in ${milliseconds.toFixed(2)} ms`, { ...fields, milliseconds: Number(milliseconds.toFixed(3)) });
    } else if (!silent.has(peer)) {
      silent.add(peer);
      log.warn(`${formatIpv4(peer)} does not answer`, fields);
    }
  };
}
