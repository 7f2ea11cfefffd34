import type { ViewNode } from './run-view.ts';

/** The line of a frame, taken apart. */
export interface Decode {
  /** Who sends it to whom, and in which VLAN, with names in place of addresses: `a > all, VLAN 5`. */
  readonly way: string;
  /** `ARP`, `DHCP`, `BPDU` … */
  readonly protocol: string;
  /** What it says. */
  readonly content: string;
}

/** Takes lines of frames apart, and gives addresses the names of their nodes. */
export class Decoder {
  readonly #names: ReadonlyMap<string, string>;

  constructor(nodes: readonly ViewNode[]) {
    this.#names = new Map(nodes.flatMap(({ macs, name }) => macs.map((mac) => [mac, name] as const)));
  }

  /** Takes a line apart: `02:00:00:00:00:01 > all: ARP, who has 10.0.0.2? 10.0.0.1 asks`. What has no such form is content alone. */
  decode(text: string): Decode {
    const end = text.indexOf(': ');
    if (end < 0) return { way: '', protocol: 'other', content: text };
    const content = text.slice(end + 2);
    return { way: this.#named(text.slice(0, end)), protocol: protocolOf(content), content: this.#named(withoutProtocol(content)) };
  }

  #named(text: string): string {
    // An identifier of a bridge is its priority, two octets, and its address.
    return text.replace(
      /((?:[0-9a-f]{2}:){2})?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/g,
      (id: string, _, mac: string) => this.#names.get(mac) ?? id,
    );
  }
}

/** The first word of what a frame says; what is no word of ours is `other`. */
export function protocolOf(content: string): string {
  const [word = ''] = /^[\w.]+/.exec(content) ?? [];
  return known.has(word) ? word : 'other';
}

const known: ReadonlySet<string> = new Set(['ARP', 'BPDU', 'DHCP', 'ICMP', 'ICMPv6', 'IPv4', 'IPv6', 'TCP', 'UDP']);

/** The protocol is shown beside it. */
function withoutProtocol(content: string): string {
  const protocol = protocolOf(content);
  return protocol === 'other' ? content : content.slice(protocol.length).replace(/^[,\s]+/, '');
}
