import { EtherloomError } from '../../errors.ts';
import { decodeArp, encodeArp } from '../../wire/arp.ts';
import { decodeEthernet, encodeEthernet, etherTypes } from '../../wire/ethernet.ts';
import { ipv4FromNumber, type Ipv4Address } from '../../wire/ipv4.ts';
import { broadcastMac, macFromNumber } from '../../wire/mac.ts';
import { startCommand, type Command } from '../command.ts';
import type { PortEnvironment } from '../environment.ts';
import { FilteredPort, newFilteredCounters, type FilteredCounters } from './filtered-port.ts';
import { requireForwards } from './forwards.ts';
import { everything, type FrameFilter } from './gateway-filter.ts';
import { slirpAddress, type SlirpConfig } from './slirp-address.ts';
import { Complaints, findSlirpProgram } from './slirp-program.ts';

/** The options of a libslirp. */
export interface SlirpOptions {
  readonly config: SlirpConfig & { readonly router: Ipv4Address };
  /** The frames that pass between it and the switch. Default: all. */
  readonly filter?: FrameFilter;
  /** Default: counters of its own. */
  readonly counters?: FilteredCounters;
}

/** A running libslirp. Disposing it ends it. */
export interface Slirp extends AsyncDisposable {
  readonly port: FilteredPort;
  /** The time of its start, by the clock. */
  readonly since: number;
  /** Must be called when its port has closed: resolves to how it ended, with its last error output. */
  readonly ended: () => Promise<string>;
}

/** How long libslirp may take to answer after its start, in milliseconds. */
const answerLimit = 5_000;

/** The station that asks whether libslirp answers: locally administered, and not a guest's. */
const prober = macFromNumber(0x0265_6c02_0000);

/**
 * Starts libslirp, and resolves when it answers at the router's address: by then it has bound the ports that it forwards, or failed to.
 * Throws EtherloomError: `missing-peer`, `busy` if a forwarded port is not its own, `timed-out`, `system` if it ends at once.
 */
export async function startSlirp(
  { config, filter = everything, counters = newFilteredCounters() }: SlirpOptions,
  environment: PortEnvironment,
): Promise<Slirp> {
  const program = findSlirpProgram();
  const complaints = new Complaints();
  const command = await startCommand([program, slirpAddress(config)], environment, {
    counters,
    // It ends after it has read its whole input; the keys that interrupt a terminal's foreground must not end it before.
    detached: true,
    // Each connection of a guest takes one, also for 10 s after its end.
    manyDescriptors: true,
    packets: true,
    complaint: complaints.add,
  });
  const ended = (): Promise<string> => endOf(command, complaints);
  try {
    await answers(command, config.router, ended, environment);
    requireForwards(config.forwards ?? [], command.pid);
  } catch (error) {
    await command[Symbol.asyncDispose]();
    throw error;
  }
  return {
    port: new FilteredPort(command.port, filter, counters),
    since: environment.clock.monotonic(),
    ended,
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}

/** Resolves when libslirp answers at the router's address. */
function answers({ port }: Command, router: Ipv4Address, ended: () => Promise<string>, { clock, breath }: PortEnvironment): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = clock.after(answerLimit, () =>
      reject(
        new EtherloomError(
          'timed-out',
          `libslirp did not answer within ${answerLimit / 1000} s; start it again when the machine has less to do`,
        ),
      ),
    );
    port.attach({
      receive: (frame) => {
        if (!isAnswerOf(router, frame)) return;
        limit[Symbol.dispose]();
        resolve();
      },
      carrier: () => undefined,
      closed: () => {
        limit[Symbol.dispose]();
        void ended().then((reason) => reject(new EtherloomError('system', `libslirp ended at once: ${reason}`)));
      },
    });
    breath(() => {
      port.transmit(questionFor(router));
      port.flush();
    });
  });
}

function isAnswerOf(router: Ipv4Address, frame: Uint8Array): boolean {
  const ethernet = decodeEthernet(frame);
  const arp = ethernet?.etherType === etherTypes.arp ? decodeArp(ethernet.payload) : undefined;
  return arp?.operation === 'reply' && arp.senderAddress === router;
}

/** Returns an ARP probe, which does not contain its sender's address. [RFC 5227, 2.1.1] */
function questionFor(router: Ipv4Address): Uint8Array {
  const arp = {
    operation: 'request',
    senderMac: prober,
    senderAddress: ipv4FromNumber(0),
    targetMac: macFromNumber(0),
    targetAddress: router,
  } as const;
  return encodeEthernet({ destination: broadcastMac, source: prober, etherType: etherTypes.arp, payload: encodeArp(arp) });
}

async function endOf(command: Command, complaints: Complaints): Promise<string> {
  const how = await command.finish();
  return complaints.text === '' ? how : `${how}: ${complaints.text}`;
}
