import type { ViewNode } from './run-view.ts';

/** A decoded line of a frame. */
export interface Decode {
  /** The sender, the receiver and the VLAN, with names in place of addresses: `a > all, VLAN 5`. */
  readonly way: string;
  /** `ARP`, `DHCP`, `BPDU` … */
  readonly protocol: string;
  /** The content of the message. */
  readonly content: string;
}

/** Decodes lines of frames, and replaces addresses by the names of their nodes. */
export class Decoder {
  readonly #names: ReadonlyMap<string, string>;

  constructor(nodes: readonly ViewNode[]) {
    this.#names = new Map(nodes.flatMap(({ macs, name }) => macs.map((mac) => [mac, name] as const)));
  }

  /** Decodes a line: `02:00:00:00:00:01 > all: ARP, who has 10.0.0.2? 10.0.0.1 asks`. A line of any other form is returned as content. */
  decode(text: string): Decode {
    const end = text.indexOf(': ');
    if (end < 0) return { way: '', protocol: 'other', content: text };
    const content = text.slice(end + 2);
    return { way: this.#named(text.slice(0, end)), protocol: protocolOf(content), content: this.#named(withoutProtocol(content)) };
  }

  #named(text: string): string {
    // The identifier of a bridge consists of its priority (two octets) and its address.
    return text.replace(
      /((?:[0-9a-f]{2}:){2})?((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/g,
      (id: string, _, mac: string) => this.#names.get(mac) ?? id,
    );
  }
}

/** Returns the first word of a frame's content; `other` if it is not a known protocol. */
export function protocolOf(content: string): string {
  const [word = ''] = /^[\w.]+/.exec(content) ?? [];
  return known.has(word) ? word : 'other';
}

const known: ReadonlySet<string> = new Set(['ARP', 'BPDU', 'DHCP', 'ICMP', 'ICMPv6', 'IPv4', 'IPv6', 'TCP', 'UDP']);

/** Removes the protocol, which is displayed separately. */
function withoutProtocol(content: string): string {
  const protocol = protocolOf(content);
  return protocol === 'other' ? content : content.slice(protocol.length).replace(/^[,\s]+/, '');
}
