import type { Log } from '../log.ts';
import type { SlaveEvent } from '../star/slave-event.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { formatMac } from '../wire/mac.ts';

/** The remedy if no plain master answers. */
const checkPorts =
  "check --master: it takes the master's --listen address, and the control port is the one above that, unless --control names it";

/** The remedy if no master answers at the addresses that a slave knows. */
const checkAddress = 'join again with a new line if its address has changed';

/** The control port of a plain master, as its slave dials it. */
export interface LoggedControl {
  /** Its address for people. */
  readonly name: string;
  /** The same as the slave's events name it. */
  readonly address: string;
  /** False if the master's port is tried behind it, where it does not answer. */
  readonly isOnly: boolean;
}

/** The slave whose events are logged. */
export interface LoggedSlave {
  /** The control port of a plain master; undefined for a slave that joins by a line. */
  readonly plain: LoggedControl | undefined;
  /** Returns whether it was ever welcomed. If not, it ends with a refusal for good, and says so by its end. */
  readonly hasJoined: () => boolean;
}

/** Returns the function that writes the events of a membership to the slave's log. */
export function slaveLog(log: Log, { plain, hasJoined }: LoggedSlave): (event: SlaveEvent) => void {
  const nobodyAt = (address: string): string => {
    if (plain === undefined) return `no master at ${address}`;
    return `no master at control port ${plain.name}${address === plain.address ? '' : `, or at ${address}`}`;
  };
  return (event) => {
    switch (event.type) {
      case 'joined': {
        const { id, mac, address, name } = event.welcome;
        const reserved = address !== undefined && { address: formatIpv4(address) };
        log(`joined as slave ${id}`, { event: 'joined', id, mac: formatMac(mac), member: name, ...reserved });
        return;
      }
      case 'lost':
        log.warn(`${plain === undefined ? 'the control connection was lost' : nobodyAt(plain.address)}: ${event.reason}; trying again`);
        return;
      case 'unreachable': {
        const isAbsent = /\((?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\)$/.test(event.reason);
        const start = isAbsent ? 'start the master, or ' : '';
        const advice = plain !== undefined ? `; ${start}${checkPorts}` : isAbsent ? `; ${start}${checkAddress}` : '';
        // The master's port may answer: one without --plain has no other.
        const isFirst = isAbsent && plain?.address === event.address && !plain.isOnly;
        if (!event.again && !isFirst)
          log.warn(`${nobodyAt(event.address)}: ${event.reason}${advice}; trying again${event.isForeign ? ' once a minute' : ''}`);
        return;
      }
      case 'refused':
        if (!event.again && (hasJoined() || !event.permanent))
          log.warn(
            `the master refused${event.permanent ? '' : ' for now'}: ${event.reason}; trying again${event.permanent ? ' once a minute' : ''}`,
          );
        return;
      case 'waiting':
        log.warn(event.reason);
        return;
      case 'suspect':
        log(`the master is silent for ${Math.round(event.silence / 1000)} s`);
        return;
      case 'next-pin':
        log.warn(`the master tells that it will change its key: the next one has the pin ${event.pin}`);
        return;
      case 'new-pin':
        log.warn(`the master has a new key, with the pin ${event.pin}: the one with ${event.before} counts no more`);
        return;
      case 'disputed':
        log.error(
          `different new pins of the master were told, one of them by a thief of its key: ${event.pins.join(', ')}; this slave takes none of them, and keeps the present one. If the master has changed its key, join by its new line, with --new-master`,
        );
        return;
      case 'rekeying':
        log('the master demands a new key: it is made, and this slave joins with it');
        return;
      case 'renamed':
        log(`the name of this slave is ${event.name} now`);
        return;
      case 'not-stored':
        log.warn(`the answer of the master is not stored: ${event.reason}; this slave goes on, and tries again`);
        return;
      case 'stored':
        log('the answer of the master is stored now');
        return;
      case 'kicked':
        log.error(`the master has ended the membership of this slave: ${event.reason}`);
        return;
      case 'ended':
        log.warn('the group was ended');
        return;
      case 'left':
        log('left the group');
        return;
      default:
    }
  };
}
