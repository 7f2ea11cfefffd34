/** DHCP without I/O: the server, and the client. This file is its door, `etherloom/dhcp`. */
export type { ClientLease } from './client-lease.ts';
export { EtherloomError, type ErrorCode } from '../errors.ts';
export { DhcpClient, type ClientState, type DhcpClientOptions } from './client.ts';
export { dhcpConfig, type DhcpConfig, type DhcpOptions } from './config.ts';
export type { CounterName, DhcpEvent, Subject } from './events.ts';
export { volatileLeaseStore, type LeaseRecord, type LeaseStore } from './lease-record.ts';
export type { Lease, LeaseState } from './leases.ts';
export { DhcpServer, type Bridge, type DhcpServerOptions } from './server.ts';
export { realClock, type Clock, type Timer } from '../clock.ts';
export { realRandom, type Random } from '../random.ts';
export type { ClasslessRoute, RawOption } from './options.ts';
export type { AddressRange } from './pool.ts';
