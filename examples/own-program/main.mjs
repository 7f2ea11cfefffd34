// A switch in one's own program: a port that receives flooded frames, and a client by the VDE protocol.
import { mkdtempSync, rmSync } from 'node:fs';
import { openSwitch } from 'etherloom/daemon';
import { newPortCounters, openPortLoop } from 'etherloom/ports';
import { broadcastMac, encodeArp, encodeEthernet, etherTypes, macFromNumber, parseIpv4, summarize } from 'etherloom/wire';

/** A port that tells each frame, and keeps none: a frame is valid until the call returns. */
class LoggingPort {
  module = 'logging';
  description = 'frames of the example';
  counters = newPortCounters();
  #tell;

  constructor(tell) {
    this.#tell = tell;
  }

  attach(receiver) {
    // `receiver.receive(frame)`, inside a breath of the switch, would send a frame into it.
    receiver.carrier(true);
  }

  transmit(frame) {
    this.counters.sentFrames++;
    this.#tell(summarize(frame));
  }

  flush() {}

  enable() {}

  async [Symbol.asyncDispose]() {}
}

const directory = mkdtempSync('/tmp/own-');
const network = await openSwitch({ directory: `${directory}/net`, dhcp: { subnet: '10.77.0.0/24', state: `${directory}/leases` } });
try {
  const heard = new Promise((resolve) => {
    const number = network.addPort(new LoggingPort(resolve));
    console.log(`the program is at port ${number} of ${network.directory}`);
  });

  // A client of the switch, as QEMU is one: here in the same process.
  const loop = await openPortLoop();
  const client = await loop.dial(`vde://${network.directory}`);
  const answered = new Promise((resolve) => {
    client.attach({ receive: (frame) => resolve(summarize(frame)), carrier: () => undefined, closed: () => undefined });
  });
  const source = macFromNumber(0x02_0000_0000_07);
  const payload = encodeArp({
    operation: 'request',
    senderMac: source,
    senderAddress: parseIpv4('10.77.0.7'),
    targetMac: macFromNumber(0),
    targetAddress: parseIpv4('10.77.0.1'),
  });
  loop.send(client, encodeEthernet({ destination: broadcastMac, source, etherType: etherTypes.arp, payload }));
  console.log(`heard: ${await heard}`);
  console.log(`answered: ${await answered}`);
  await client[Symbol.asyncDispose]();
} finally {
  await network[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
}
