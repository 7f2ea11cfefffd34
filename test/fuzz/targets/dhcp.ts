import { messageTypes } from '../../../src/wire/dhcp.ts';
import { decodePcap } from '../../../src/wire/pcap.ts';
import { answersIn, clientFrame, clientMac, identifier, ip, message, requested, Segment, toServer } from '../../dhcp/segment.ts';
import { fixture } from '../../wire/fixture.ts';
import { must, type Target, type Trial } from '../target.ts';

const captures = [
  'udhcpc-bind-renew-release',
  'udhcpc-decline',
  'dhclient-decline',
  'dhclient-bind-reboot-release',
  'dhclient-nak-wrong-net',
];

/** Inputs that begin so let time pass: so many seconds, times 16. */
const pass = 0xf0;

/** Frames to a DHCP server. The first octet of an input says at which port, or that time passes. */
export const dhcpTarget: Target = {
  name: 'dhcp',
  seeds: () => [
    ...captures.flatMap((name) => (decodePcap(fixture(`dhcp/${name}.pcap`))?.records ?? []).map(({ frame }) => Uint8Array.of(1, ...frame))),
    ...[1, 2, 3].flatMap((n) => [
      Uint8Array.of(n, ...clientFrame(message('discover', { mac: clientMac(n) }))),
      Uint8Array.of(n, ...clientFrame(message('discover', { mac: clientMac(n), with: identifier(1, n) }))),
      Uint8Array.of(
        n,
        ...clientFrame(message('request', { mac: clientMac(n), with: { ...requested(ip(`10.77.0.${49 + n}`)), ...toServer() } })),
      ),
      Uint8Array.of(n, ...clientFrame(message('release', { mac: clientMac(n), ciaddr: ip(`10.77.0.${49 + n}`), with: toServer() }))),
    ]),
    Uint8Array.of(pass, 200),
  ],
  words: () => [
    Uint8Array.of(53, 1, 1),
    Uint8Array.of(53, 1, 3),
    Uint8Array.of(50, 4, 10, 77, 0, 50),
    Uint8Array.of(54, 4, 10, 77, 0, 1),
    Uint8Array.of(255),
  ],
  open: () => new DhcpTrial(),
};

class DhcpTrial implements Trial {
  readonly #segment = new Segment();

  take(input: Uint8Array): void {
    const [port = 0, seconds = 0] = input;
    const { sent, events, clock } = this.#segment;
    sent.length = 0;
    events.length = 0;
    if (port >= pass) clock.advanceSeconds(seconds * 16);
    else this.#segment.frame(input.subarray(1), port);
    const answers = answersIn(sent);
    must(answers.length <= 1 || port >= pass, () => 'a message has one answer');
    for (const { type, message: said } of answers) {
      const given = type === messageTypes.offer || (type === messageTypes.ack && said.yiaddr !== 0);
      const place = said.yiaddr - ip('10.77.0.0');
      must(!given || (place >= 50 && place <= 59), () => `${place} is in the range`);
    }
    must(this.#segment.astray === 0, () => 'all is sent within a breath');
    must(clock.timers < 64, () => `${clock.timers} timers run`);
  }

  end(): void {
    this.#segment[Symbol.dispose]();
  }
}
