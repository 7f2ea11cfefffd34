import type { Log } from '../log.ts';
import type { LoopSign, StationMove } from '../management/station-moves.ts';
import type { PortNumber } from '../ports/pure/port.ts';
import { formatMac, type MacAddress } from '../wire/mac.ts';

/** The log's names for stations, in addition to their addresses, and for ports. */
export interface MoveNames {
  /** Returns the name and fields of a station: `guest 7`. Undefined for one without another name. */
  readonly station: (mac: MacAddress) => { readonly name: string; readonly id: number } | undefined;
  readonly port: (port: PortNumber) => string;
}

/** Returns a listener for moves that writes them to the log. */
export function moveLog(log: Log, names: MoveNames): (report: StationMove | LoopSign) => void {
  return (report) => (report.kind === 'loop' ? logLoop(log, report) : logMove(log, report, names));
}

function logMove(log: Log, { vid, mac, from, to, stays, more }: StationMove, names: MoveNames): void {
  const station = names.station(mac);
  const who = `MAC ${formatMac(mac)}${station ? ` of ${station.name}` : ''}${vid === 0 ? '' : ` in VLAN ${vid}`}`;
  const [here, there] = [names.port(from), names.port(to)];
  const times = more === 0 ? '' : ` (${more} more in the last 60 s)`;
  const fields = { mac: formatMac(mac), ...(station && { id: station.id }), ...(more > 0 && { repeated: more }) };
  if (!stays) {
    log.warn(`${who} moved from ${here} to ${there}${times}`, { event: 'station-moved', ...fields, from: here, to: there });
    return;
  }
  const remedy = 'two stations have this address, or it moved a moment ago';
  const text = `${who} is in use behind two ports: ${here}, where it stays while frames come from there, and ${there}; ${remedy}${times}`;
  log.warn(text, { event: 'contested-mac', ...fields, holder: here, other: there });
}

function logLoop(log: Log, { ports, stations, frames }: LoopSign): void {
  const where = ports.length === 1 ? `port ${ports.join()}` : `ports ${ports.join(', ')}`;
  const text = `there is a loop behind ${where}: in 1 s ${frames} frames of ${stations} stations came back there`;
  log.warn(`${text}; disconnect one of the cables, or turn on the spanning tree (fstp/setfstp 1)`, { event: 'loop', ports });
}
