import { Switch, type NewPort, type PortNumber, type SwitchOptions } from '../../src/switch/switch.ts';
import { addTag } from '../../src/wire/dot1q.ts';
import { encodeEthernet, etherTypes } from '../../src/wire/ethernet.ts';
import { broadcastMac, macFromNumber } from '../../src/wire/mac.ts';
import { ManualClock } from '../manual-clock.ts';

/** A frame that left. */
export interface Sent {
  readonly port: PortNumber;
  readonly frame: Uint8Array;
  readonly ingress: PortNumber;
}

/** The content of a test frame; stations are small numbers. */
export interface TestFrame {
  readonly from: number;
  readonly to?: number | 'all' | 'group';
  /** A tag's 16 bits; without it there is no tag. */
  readonly tci?: number;
  readonly etherType?: number;
  readonly text?: string;
}

/** A switch on a clock that stands still, and all that left it. */
export class TestSwitch {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  readonly bridge: Switch;

  constructor(ports: Readonly<Record<PortNumber, NewPort>>, options: Partial<SwitchOptions> = {}) {
    const transmit = (port: PortNumber, frame: Uint8Array, ingress: PortNumber): void => void this.sent.push({ port, frame, ingress });
    this.bridge = new Switch({ clock: this.clock, transmit, ...options });
    for (const [port, membership] of Object.entries(ports)) this.bridge.addPort(Number(port), membership);
  }

  /** Receives one frame in a breath of its own, and gives what left because of it. */
  receive(port: PortNumber, frame: Uint8Array): Sent[] {
    this.bridge.beginBreath();
    this.bridge.receive(port, frame);
    return this.sent.splice(0);
  }

  /** Returns the same, as port numbers. */
  reaches(port: PortNumber, frame: TestFrame): PortNumber[] {
    return this.receive(port, testFrame(frame)).map((sent) => sent.port);
  }
}

/** Returns the octets of a test frame. */
export function testFrame({ from, to = 'all', tci, etherType = 0x88b5, text = 'etherloom' }: TestFrame): Uint8Array {
  const frame = encodeEthernet({ destination: station(to), source: station(from), etherType, payload: new TextEncoder().encode(text) });
  return tci === undefined ? frame : addTag(frame, tci);
}

/** Returns an ARP frame, as far as a switch looks into it. */
export function arpFrame(from: number, tci?: number): Uint8Array {
  return testFrame({ from, etherType: etherTypes.arp, ...(tci === undefined ? {} : { tci }) });
}

function station(n: number | 'all' | 'group'): ReturnType<typeof macFromNumber> {
  if (n === 'all') return broadcastMac;
  return macFromNumber(n === 'group' ? 0x0180_c200_0000 : 0x0200_0000_0000 + n);
}
