/** The decision of a server about a message: a function of configuration, leases, message and time. [RFC 2131, 4.3] */
import { messageTypeOf, messageTypes, optionCodes } from '../wire/dhcp.ts';
import { contains, type Ipv4Address } from '../wire/ipv4.ts';
import { infiniteLease, isDynamic, isLeasable, type DhcpConfig } from './config.ts';
import type { Declines } from './declines.ts';
import type { LeaseChange, Leases } from './leases.ts';
import { decodeAddress, decodeUint32 } from './options.ts';
import { bootpReply, informReply, leaseReply, nakReply, type Reply } from './reply.ts';
import { faultOf, senderOf, type Request, type RequestFault, type Sender } from './request.ts';

/** The reason for a decision: each message gets exactly one. */
export type Reason =
  | RequestFault
  | 'offered' // OFFER
  | 'selected' // ACK to a client that took our offer
  | 'rebooted' // ACK to a client that asks whether its address still holds
  | 'renewed' // ACK to a client that asked us for more time
  | 'rebound' // ACK to a client that asked any server for more time
  | 'bootp' // BOOTREPLY to a client of BOOTP
  | 'informed' // ACK without a lease
  | 'released' // the client gave its address back
  | 'declined' // the client found its address in use
  | 'nak-wrong-net' // NAK: an address of another network
  | 'nak-other-address' // NAK: the client should have another address
  | 'nak-taken' // NAK: another client has the address, or it cannot be leased
  | 'nak-contradiction' // NAK: the message names two addresses
  | 'other-server' // for another server
  | 'no-address' // no address in a message that requires one
  | 'not-holder' // about an address that the sender does not hold
  | 'wrong-port' // about the sender's address, but from a port where the sender is not
  | 'not-on-net' // from a host of another network
  | 'unknown-client' // the client has no lease here, and there may be another server
  | 'pool-exhausted' // no address is free
  | 'port-full'; // clients of this port have as many addresses as allowed

/** The action to take. The change is applied, and durable, before the reply leaves. */
export interface Outcome {
  readonly reason: Reason;
  /** The sender; undefined for a message with a fault. */
  readonly sender?: Sender;
  /** The address concerned. */
  readonly address?: Ipv4Address;
  readonly change?: LeaseChange;
  readonly reply?: Reply;
}

/** The state on which a server decides. */
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

/** Answers a client in INIT. [RFC 2131, 4.3.1] */
function discover(context: Context): Outcome {
  const { config, leases, sender, now } = context;
  const { message } = context.request;
  const address = addressFor(context);
  if (address === undefined) return { reason: 'pool-exhausted' };
  if (exceedsPort(context, address)) return { reason: 'port-full', address };
  const reply = leaseReply(config, message, 'offer', address, termFor(context, address).seconds);
  const entry = leases.at(address);
  const isBound = entry?.key === sender.key && entry.state === 'bound';
  // With ciaddr the client has an address and only explores: the offer is not reserved.
  if (isBound || message.ciaddr !== 0) return { reason: 'offered', address, reply };
  const change = { kind: 'offer', address, client: sender, expires: now + config.offerTime * 1000 } as const;
  return { reason: 'offered', address, change, reply };
}

/** Answers a client in SELECTING, INIT-REBOOT, RENEWING or REBINDING; the fields that it fills in show which. [RFC 2131, 4.3.2, table 4] */
function request(context: Context): Outcome {
  const { config, leases, sender } = context;
  const { message, unicast } = context.request;
  const server = decodeAddress(message.options.get(optionCodes.serverIdentifier));
  const wish = decodeAddress(message.options.get(optionCodes.requestedAddress));
  if (server !== undefined && server !== config.serverAddress) {
    const own = leases.of(sender.key);
    // The client accepted another server's offer: ours is free at once.
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

/** Answers a client in SELECTING, which accepted our offer. An offer that has ended is still honoured while its address is free. */
function selecting(context: Context, address: Ipv4Address): Outcome {
  const own = context.leases.of(context.sender.key);
  const stands = own !== undefined && (own.state === 'offered' || own.state === 'bound');
  if (stands && own.address !== address) return refuse(context, 'nak-other-address', 'another address was offered');
  return available(context, address) ? bind(context, address, 'selected') : refuse(context, 'nak-taken', 'address not available', address);
}

/** Answers a client in INIT-REBOOT, RENEWING or REBINDING, which asks whether it may keep its address. */
function confirm(context: Context, address: Ipv4Address, reason: 'rebooted' | 'renewed' | 'rebound'): Outcome {
  const { config, leases, sender } = context;
  const expected = reservedFor(context) ?? leases.of(sender.key)?.address;
  if (!contains(config.network, address) && (config.authoritative || reason === 'rebooted')) {
    return refuse(context, 'nak-wrong-net', 'address of another network', address);
  }
  // Another server may know it. If there is none, a lease that this server forgot is taken up again.
  if (expected === undefined && !config.authoritative) return { reason: 'unknown-client', address };
  if (expected !== undefined && expected !== address) return refuse(context, 'nak-other-address', 'not your address', address);
  return available(context, address) ? bind(context, address, reason) : refuse(context, 'nak-taken', 'address not available', address);
}

/** Handles the report of a client that another station uses its address. [RFC 2131, 4.3.3] */
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

/** Handles a client that leaves. [RFC 2131, 4.3.4] */
function release(context: Context): Outcome {
  const { message, unicast } = context.request;
  // systemd-networkd does not name the server, but sends to its address.
  const isNameless = unicast && !message.options.has(optionCodes.serverIdentifier);
  if (!isForUs(context) && !isNameless) return { reason: 'other-server' };
  const address = message.ciaddr;
  if (address === 0) return { reason: 'no-address' };
  const strange = strangenessOf(context, address);
  if (strange !== undefined) return { reason: strange, address };
  return { reason: 'released', address, change: { kind: 'release', address } };
}

/** Answers a client that does not know leases: it has its address for ever. [RFC 1534, 2] */
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

/** Answers a client with a manually configured address. [RFC 2131, 4.3.5] */
function inform(context: Context): Outcome {
  const { config, leases, sender } = context;
  const { message, source } = context.request;
  const address = message.ciaddr === 0 ? source : message.ciaddr;
  if (address === 0) return { reason: 'no-address' };
  if (!isLeasable(config.network, address) || address === config.serverAddress) return { reason: 'not-on-net', address };
  const entry = leases.at(address);
  // A forged request must not cause an answer to a client that did not ask.
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

/** Returns a NAK. An address that the client must stop using is no longer its own, so it becomes free for the station that it is reserved for. */
function refuse({ config, leases, request, sender }: Context, reason: Reason, text: string, address?: Ipv4Address): Outcome {
  const reply = nakReply(config, request.message, text);
  const entry = address === undefined ? undefined : leases.at(address);
  // A station with a new reservation may have got this address under another key.
  const isHolder = entry?.state === 'bound' && entry.mac === sender.mac && (entry.key === sender.key || sender.reserved !== undefined);
  return { reason, reply, ...(isHolder ? { change: { kind: 'release', address: entry.address } } : {}) };
}

/** Returns the first available of: its reservation, its present or former address, the requested one, any. [RFC 2131, 4.3.1] */
function addressFor(context: Context): Ipv4Address | undefined {
  const { leases, declines, request, sender, now } = context;
  const { ciaddr, options } = request.message;
  const wish = ciaddr === 0 ? decodeAddress(options.get(optionCodes.requestedAddress)) : ciaddr;
  const choices = [reservedFor(context), leases.of(sender.key)?.address, wish];
  const choice = choices.find((address) => address !== undefined && available(context, address) && leases.hasRoomFor(address));
  return choice ?? leases.candidate(sender.key, now, (address) => declines.has(sender.key, address, now));
}

/** Returns the client's reservation. While another station uses that address, the client counts as one without a reservation. */
function reservedFor(context: Context): Ipv4Address | undefined {
  const { reserved } = context.sender;
  return reserved !== undefined && available(context, reserved) ? reserved : undefined;
}

/** Returns whether the client may have the address: it belongs to those for this client, and no other client has it. */
function available({ config, leases, declines, sender, now }: Context, address: Ipv4Address): boolean {
  // The client has reported that another station uses it.
  if (declines.has(sender.key, address, now)) return false;
  const isOwn = address === sender.reserved && isLeasable(config.network, address) && address !== config.serverAddress;
  if (!isOwn && !isDynamic(config, address)) return false;
  const entry = leases.at(address);
  if (entry === undefined || entry.key === sender.key || entry.state === 'idle' || entry.expires <= now) return true;
  // An address that is in use by the client that asks for it is not in conflict: this server forgot its lease.
  return entry.state === 'quarantined' && entry.mac === sender.mac && entry.promise === undefined;
}

/** Returns whether the address would exceed the share of the pool for clients of the port. */
function exceedsPort({ config, leases, request, sender }: Context, address: Ipv4Address): boolean {
  const entry = leases.at(address);
  const isBound = entry?.key === sender.key && entry.state === 'bound';
  return !isBound && isDynamic(config, address) && leases.isPortFull(request.ingress);
}

/**
 * Returns why the message must not end the lease of the address: the sender is not its client, or sends from another port. Returns
 * undefined if it may.
 */
function strangenessOf({ leases, request, sender, now }: Context, address: Ipv4Address): 'not-holder' | 'wrong-port' | undefined {
  const entry = leases.at(address);
  if (entry?.key !== sender.key || entry.mac !== sender.mac || entry.state === 'idle') return 'not-holder';
  const { ingress, home = ingress } = request;
  return home === ingress && leases.isAt(address, ingress, now) ? undefined : 'wrong-port';
}

function isForUs({ config, request }: Context): boolean {
  return decodeAddress(request.message.options.get(optionCodes.serverIdentifier)) === config.serverAddress;
}

/**
 * The time for which a client has its address: until `expires`, in `seconds` from now; `duration` counts from the beginning of the lease.
 */
interface Term {
  readonly expires: number;
  readonly duration: number;
  readonly seconds: number;
}

/** A client that asks again in this part of its lease keeps the remaining time. */
const early = 1 / 4;

/**
 * Returns how long the client gets the address: the time it asks for, within limits, and at least its remaining time [RFC 2131, 4.3.1].
 * Early in a lease the remaining time is enough: then there is no change to write before the reply.
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
