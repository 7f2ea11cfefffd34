/** What a server does about a message: a function of what it was told, the leases, the message and the time. [RFC 2131, 4.3] */
import { messageTypeOf, messageTypes, optionCodes } from '../wire/dhcp.ts';
import { contains, type Ipv4Address } from '../wire/ipv4.ts';
import { infiniteLease, isDynamic, isLeasable, type DhcpConfig } from './config.ts';
import type { Declines } from './declines.ts';
import type { LeaseChange, Leases } from './leases.ts';
import { decodeAddress, decodeUint32 } from './options.ts';
import { bootpReply, informReply, leaseReply, nakReply, type Reply } from './reply.ts';
import { faultOf, senderOf, type Request, type RequestFault, type Sender } from './request.ts';

/** Why the server does what it does: to each message there is exactly one reason. */
export type Reason =
  | RequestFault
  | 'offered' // OFFER
  | 'selected' // ACK to a client that took our offer
  | 'rebooted' // ACK to a client that asks whether its address still holds
  | 'renewed' // ACK to a client that asked us for more time
  | 'rebound' // ACK to a client that asked anybody for more time
  | 'bootp' // BOOTREPLY to a client of BOOTP
  | 'informed' // ACK without a lease
  | 'released' // the client gave its address back
  | 'declined' // the client found its address in use
  | 'nak-wrong-net' // NAK: an address of another network
  | 'nak-other-address' // NAK: the client is to have another address
  | 'nak-taken' // NAK: the address is somebody else's, or not to be leased
  | 'nak-contradiction' // NAK: the message names two addresses
  | 'other-server' // for another server
  | 'no-address' // no address where one must be
  | 'not-holder' // about an address that is not the sender's
  | 'wrong-port' // about the sender's address, but from a port where the sender is not
  | 'not-on-net' // from a host of another network
  | 'unknown-client' // not ours, and there may be another server
  | 'pool-exhausted' // no address is free
  | 'port-full'; // clients of this port have as many addresses as they may

/** What to do. The change is made, and durable, before the reply leaves. */
export interface Outcome {
  readonly reason: Reason;
  /** Who sent it; undefined for a message with a fault. */
  readonly sender?: Sender;
  /** The address that it is about. */
  readonly address?: Ipv4Address;
  readonly change?: LeaseChange;
  readonly reply?: Reply;
}

/** What a server goes by. */
export interface ServerState {
  readonly config: DhcpConfig;
  readonly leases: Leases;
  readonly declines: Declines;
}

interface Context extends ServerState {
  readonly request: Request;
  readonly sender: Sender;
  readonly now: number;
}

/** Decides about `request` at `now`, in milliseconds of the monotonic clock. Changes nothing. */
export function decide(state: ServerState, request: Request, now: number): Outcome {
  const { config, leases } = state;
  const fault = faultOf(config, request);
  if (fault !== undefined) return { reason: fault };
  const sender = senderOf(config, leases, request, now);
  return { sender, ...outcomeFor({ ...state, request, sender, now }) };
}

function outcomeFor(context: Context): Outcome {
  if (!context.request.message.options.has(optionCodes.messageType)) return bootp(context);
  switch (messageTypeOf(context.request.message)) {
    case messageTypes.discover:
      return discover(context);
    case messageTypes.request:
      return request(context);
    case messageTypes.decline:
      return decline(context);
    case messageTypes.release:
      return release(context);
    case messageTypes.inform:
      return inform(context);
    default:
      return { reason: 'bad-type' };
  }
}

/** The client is in INIT. [RFC 2131, 4.3.1] */
function discover(context: Context): Outcome {
  const { config, leases, sender, now } = context;
  const { message } = context.request;
  const address = addressFor(context);
  if (address === undefined) return { reason: 'pool-exhausted' };
  if (exceedsPort(context, address)) return { reason: 'port-full', address };
  const reply = leaseReply(config, message, 'offer', address, termFor(context, address).seconds);
  const entry = leases.at(address);
  const isBound = entry?.key === sender.key && entry.state === 'bound';
  // With ciaddr the client has an address, and looks around: nothing is kept for it.
  if (isBound || message.ciaddr !== 0) return { reason: 'offered', address, reply };
  const change = { kind: 'offer', address, client: sender, expires: now + config.offerTime * 1000 } as const;
  return { reason: 'offered', address, change, reply };
}

/** The client is in SELECTING, INIT-REBOOT, RENEWING or REBINDING: what it fills in tells which. [RFC 2131, 4.3.2, table 4] */
function request(context: Context): Outcome {
  const { config, leases, sender } = context;
  const { message, unicast } = context.request;
  const server = decodeAddress(message.options.get(optionCodes.serverIdentifier));
  const wish = decodeAddress(message.options.get(optionCodes.requestedAddress));
  if (server !== undefined && server !== config.serverAddress) {
    const own = leases.of(sender.key);
    // The client took another's offer: ours is free at once.
    return { reason: 'other-server', ...(own?.state === 'offered' ? { change: { kind: 'withdraw', address: own.address } } : {}) };
  }
  const address = wish ?? message.ciaddr;
  if (address === 0) return { reason: 'no-address' };
  if (message.ciaddr !== 0 && message.ciaddr !== address)
    return refuse(context, 'nak-contradiction', 'ciaddr and requested address differ');
  if (server !== undefined) return selecting(context, address);
  if (message.ciaddr === 0) return confirm(context, address, 'rebooted');
  return confirm(context, address, unicast ? 'renewed' : 'rebound');
}

/** SELECTING: the client took our offer. An offer that ended is made good while its address is free. */
function selecting(context: Context, address: Ipv4Address): Outcome {
  const own = context.leases.of(context.sender.key);
  const stands = own !== undefined && (own.state === 'offered' || own.state === 'bound');
  if (stands && own.address !== address) return refuse(context, 'nak-other-address', 'another address was offered');
  return available(context, address) ? bind(context, address, 'selected') : refuse(context, 'nak-taken', 'address not available', address);
}

/** INIT-REBOOT, RENEWING and REBINDING: the client has an address and asks whether it may have it on. */
function confirm(context: Context, address: Ipv4Address, reason: 'rebooted' | 'renewed' | 'rebound'): Outcome {
  const { config, leases, sender } = context;
  const expected = reservedFor(context) ?? leases.of(sender.key)?.address;
  if (!contains(config.network, address) && (config.authoritative || reason === 'rebooted')) {
    return refuse(context, 'nak-wrong-net', 'address of another network', address);
  }
  // Another server may know it. Where there is none, a lease that we forgot is taken up again.
  if (expected === undefined && !config.authoritative) return { reason: 'unknown-client', address };
  if (expected !== undefined && expected !== address) return refuse(context, 'nak-other-address', 'not your address', address);
  return available(context, address) ? bind(context, address, reason) : refuse(context, 'nak-taken', 'address not available', address);
}

/** The client found that somebody uses its address. [RFC 2131, 4.3.3] */
function decline(context: Context): Outcome {
  const { config, now } = context;
  const { message } = context.request;
  const address = decodeAddress(message.options.get(optionCodes.requestedAddress));
  if (!isForUs(context)) return { reason: 'other-server' };
  if (address === undefined) return { reason: 'no-address' };
  const strange = strangenessOf(context, address);
  if (strange !== undefined) return { reason: strange, address };
  return {
    reason: 'declined',
    address,
    change: { kind: 'quarantine', address, user: undefined, ingress: context.request.ingress, expires: now + config.declineTime * 1000 },
  };
}

/** The client goes. [RFC 2131, 4.3.4] */
function release(context: Context): Outcome {
  const { message, unicast } = context.request;
  // systemd-networkd names no server, and sends to it alone.
  const isNameless = unicast && !message.options.has(optionCodes.serverIdentifier);
  if (!isForUs(context) && !isNameless) return { reason: 'other-server' };
  const address = message.ciaddr;
  if (address === 0) return { reason: 'no-address' };
  const strange = strangenessOf(context, address);
  if (strange !== undefined) return { reason: strange, address };
  return { reason: 'released', address, change: { kind: 'release', address } };
}

/** The client knows nothing of leases: it has its address for ever. [RFC 1534, 2] */
function bootp(context: Context): Outcome {
  const { config, request, sender } = context;
  const address = addressFor(context);
  if (address === undefined) return { reason: 'pool-exhausted' };
  const { ciaddr } = request.message;
  if (ciaddr !== 0 && ciaddr !== address) return { reason: 'not-holder', address: ciaddr };
  if (exceedsPort(context, address)) return { reason: 'port-full', address };
  const change = { kind: 'bind', address, client: sender, expires: Infinity, duration: infiniteLease } as const;
  return { reason: 'bootp', address, change, reply: bootpReply(config, request.message, address) };
}

/** The client was given its address by hand. [RFC 2131, 4.3.5] */
function inform(context: Context): Outcome {
  const { config, leases, sender } = context;
  const { message, source } = context.request;
  const address = message.ciaddr === 0 ? source : message.ciaddr;
  if (address === 0) return { reason: 'no-address' };
  if (!isLeasable(config.network, address) || address === config.serverAddress) return { reason: 'not-on-net', address };
  const entry = leases.at(address);
  // Nobody makes us talk to a client that did not ask.
  if (entry?.state === 'bound' && entry.mac !== sender.mac) return { reason: 'not-holder', address };
  return { reason: 'informed', address, reply: informReply(config, message, address) };
}

function bind(context: Context, address: Ipv4Address, reason: Reason): Outcome {
  const { config, leases, request, sender } = context;
  if (!leases.hasRoomFor(address)) return { reason: 'pool-exhausted', address };
  if (exceedsPort(context, address)) return { reason: 'port-full', address };
  const { expires, duration, seconds } = termFor(context, address);
  const change = { kind: 'bind', address, client: sender, expires, duration } as const;
  return { reason, address, change, reply: leaseReply(config, request.message, 'ack', address, seconds) };
}

/** NAK. What the client is told not to use is its own no more: the address is free for the one that it is reserved for. */
function refuse({ config, leases, request, sender }: Context, reason: Reason, text: string, address?: Ipv4Address): Outcome {
  const reply = nakReply(config, request.message, text);
  const entry = address === undefined ? undefined : leases.at(address);
  // A station for which an address is reserved now may have had this one under another name.
  const isHolder = entry?.state === 'bound' && entry.mac === sender.mac && (entry.key === sender.key || sender.reserved !== undefined);
  return { reason, reply, ...(isHolder ? { change: { kind: 'release', address: entry.address } } : {}) };
}

/** Its reservation, what it has or had, what it wishes for, any: in this order. [RFC 2131, 4.3.1] */
function addressFor(context: Context): Ipv4Address | undefined {
  const { leases, declines, request, sender, now } = context;
  const { ciaddr, options } = request.message;
  const wish = ciaddr === 0 ? decodeAddress(options.get(optionCodes.requestedAddress)) : ciaddr;
  const choices = [reservedFor(context), leases.of(sender.key)?.address, wish];
  const choice = choices.find((address) => address !== undefined && available(context, address) && leases.hasRoomFor(address));
  return choice ?? leases.candidate(sender.key, now, (address) => declines.has(sender.key, address, now));
}

/** The client's reservation, unless somebody else uses that address: then, for the while, it is a client without one. */
function reservedFor(context: Context): Ipv4Address | undefined {
  const { reserved } = context.sender;
  return reserved !== undefined && available(context, reserved) ? reserved : undefined;
}

/** Whether the client may have the address: it is of those for it, and not somebody else's. */
function available({ config, leases, declines, sender, now }: Context, address: Ipv4Address): boolean {
  // It knows that somebody else uses that.
  if (declines.has(sender.key, address, now)) return false;
  const isOwn = address === sender.reserved && isLeasable(config.network, address) && address !== config.serverAddress;
  if (!isOwn && !isDynamic(config, address)) return false;
  const entry = leases.at(address);
  if (entry === undefined || entry.key === sender.key || entry.state === 'idle' || entry.expires <= now) return true;
  // Seen in use by the very client that now asks for it: that is no conflict, but a lease that we forgot.
  return entry.state === 'quarantined' && entry.mac === sender.mac && entry.promise === undefined;
}

/** Whether the address would be one more of the pool for clients of a port that have as many as they may. */
function exceedsPort({ config, leases, request, sender }: Context, address: Ipv4Address): boolean {
  const entry = leases.at(address);
  const isBound = entry?.key === sender.key && entry.state === 'bound';
  return !isBound && isDynamic(config, address) && leases.isPortFull(request.ingress);
}

/** Why the message does not end the lease of the address: it is not of its client, or not from where that is. Undefined when it does. */
function strangenessOf({ leases, request, sender, now }: Context, address: Ipv4Address): 'not-holder' | 'wrong-port' | undefined {
  const entry = leases.at(address);
  if (entry?.key !== sender.key || entry.mac !== sender.mac || entry.state === 'idle') return 'not-holder';
  const { ingress, home = ingress } = request;
  return home === ingress && leases.isAt(address, ingress, now) ? undefined : 'wrong-port';
}

function isForUs({ config, request }: Context): boolean {
  return decodeAddress(request.message.options.get(optionCodes.serverIdentifier)) === config.serverAddress;
}

/** How long a client has its address: until `expires`, in `seconds` from now; `duration` is from the beginning of the lease on. */
interface Term {
  readonly expires: number;
  readonly duration: number;
  readonly seconds: number;
}

/** A client that asks again in this part of its lease keeps what is left of it. */
const early = 1 / 4;

/**
 * How long the client gets the address: as it wishes within limits, and never less than it still has [RFC 2131, 4.3.1]. What it still has is
 * enough early in its lease: then nothing changes that would have to be written before the reply.
 */
function termFor({ config, leases, request, sender, now }: Context, address: Ipv4Address): Term {
  const wish = decodeUint32(request.message.options.get(optionCodes.leaseTime));
  const granted = wish === undefined ? config.leaseTime : Math.min(Math.max(wish, config.minLeaseTime), config.maxLeaseTime);
  const entry = leases.at(address);
  const own = entry?.key === sender.key && entry.state === 'bound' ? entry : undefined;
  const left = own ? (own.expires - now) / 1000 : 0;
  if (own && left > granted * (1 - early) && left < infiniteLease)
    return { expires: own.expires, duration: own.duration, seconds: Math.floor(left) };
  const duration = Math.min(Math.max(granted, Math.ceil(left)), infiniteLease);
  return { expires: duration === infiniteLease ? Infinity : now + duration * 1000, duration, seconds: duration };
}
