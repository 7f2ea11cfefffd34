/** A metric: what it counts or measures, and by which labels its samples differ. */
export interface MetricDefinition {
  /** A counter only grows while its owner lives; a gauge goes both ways. */
  readonly type: 'counter' | 'gauge';
  /** One sentence for people. */
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * All metrics, by their names in Prometheus' conventions: base units (seconds, bytes), and `_total` at the end of a counter's name. The
 * names of the process are those that Prometheus' own client libraries use. Counters are the switch's own: `port/resetcounter` does not
 * change them, and a port that is removed takes them with it. Drops have a sample only for reasons that occurred. Labels have few values: ports,
 * members, reasons, rules. None is an address, or a number that each connection has anew.
 */
export const metricDefinitions = {
  process_start_time_seconds: gauge('Start time of the process since the Unix epoch in seconds.'),
  process_cpu_seconds_total: counter('User and system CPU time spent in seconds.', 'mode'),
  process_resident_memory_bytes: gauge('Resident memory size in bytes.'),
  nodejs_heap_size_total_bytes: gauge('Process heap size from Node.js in bytes.'),
  nodejs_heap_size_used_bytes: gauge('Process heap size used from Node.js in bytes.'),
  nodejs_external_memory_bytes: gauge('Node.js external memory size in bytes.'),

  etherloom_build_info: gauge('The version of etherloom and of Node.js; always 1.', 'version', 'node'),
  etherloom_loop_lag_seconds: gauge('The most by which a timer came late in the last minute, measured from the first scrape on.'),
  etherloom_loop_active_seconds_total: counter('Time in which the event loop worked.'),
  etherloom_loop_idle_seconds_total: counter('Time in which the event loop waited for work.'),

  etherloom_port_up: gauge('Whether the port has a carrier: 1, or 0.', 'port'),
  etherloom_port_endpoints: gauge('Endpoints at the port.', 'port'),
  etherloom_port_mtu_bytes: gauge('MTU of the port, if its path limits it.', 'port'),
  etherloom_port_received_frames_total: counter('Frames received at the port.', 'port'),
  etherloom_port_received_bytes_total: counter('Octets of frames received at the port.', 'port'),
  etherloom_port_sent_frames_total: counter('Frames that the switch sent by the port.', 'port'),
  etherloom_port_sent_bytes_total: counter('Octets of frames that the switch sent by the port.', 'port'),
  etherloom_port_dropped_frames_total: counter('Frames received at the port that the switch dropped, by reason.', 'port', 'reason'),
  etherloom_port_endpoint_dropped_frames_total: counter('Frames that did not cross an endpoint of the port, by reason.', 'port', 'reason'),

  etherloom_stray_frames_total: counter('Frames that came in by a port that is not there.'),
  etherloom_stations: gauge('Stations in the filtering database.'),
  etherloom_stations_limit: gauge('The most stations in the filtering database.'),
  etherloom_backlog_bytes: gauge('Memory in use for frames that wait for slow readers.'),
  etherloom_backlog_limit_bytes: gauge('The most memory for frames that wait for slow readers.'),

  etherloom_dhcp_pool_addresses: gauge('Addresses for clients without a reservation.'),
  etherloom_dhcp_leases: gauge('Addresses by state: bound, offered, idle, quarantined.', 'state'),
  etherloom_dhcp_frames_total: counter('Frames to the DHCP server, by their treatment.', 'treatment'),

  etherloom_star_members: gauge('Slaves that have an id.'),
  etherloom_star_joined_members: gauge('Slaves that are connected to the master.'),
  etherloom_star_joined: gauge('Whether this slave is connected to its master: 1, or 0.'),
  etherloom_star_joins_total: counter('At a master, the times that a slave joined; at a slave, the times that it joined.'),
  etherloom_star_refusals_total: counter('Times that the master refused a slave.'),
  etherloom_star_links: gauge('Links to other nodes.'),
  etherloom_star_links_up: gauge('Links to other nodes that are up.'),
  etherloom_star_shortcuts: gauge('Shortcuts of a slave to other slaves; at a master, the pairs of slaves with one.'),
  etherloom_star_guest_up: gauge('Whether the guest of the node runs: 1, or 0.'),
  etherloom_star_guest_starts_total: counter('Times that the node started its guest, or found it running.'),

  etherloom_group_members: gauge('Slaves of the group by state: waiting, away, joined, linked, suspect.', 'state'),
  etherloom_member_info: gauge('The name of a slave; always 1.', 'member', 'name'),
  etherloom_member_link_up: gauge('Whether the link of the slave, which has this port, is up: 1, or 0.', 'member', 'port'),
  etherloom_member_round_trip_seconds: gauge('Round trip between the slave and the master.', 'member'),
  etherloom_member_refused_frames_total: counter(
    'Frames of the slave that the master refused, by the rule that they broke.',
    'member',
    'rule',
  ),
  etherloom_shortcut_received_frames_total: counter('Frames received by the shortcut to that slave.', 'member'),
  etherloom_shortcut_received_bytes_total: counter('Octets of frames received by the shortcut to that slave.', 'member'),
  etherloom_shortcut_sent_frames_total: counter('Frames sent by the shortcut to that slave.', 'member'),
  etherloom_shortcut_sent_bytes_total: counter('Octets of frames sent by the shortcut to that slave.', 'member'),
  etherloom_shortcut_refused_frames_total: counter(
    'Frames of that slave that this slave refused, by the rule that they broke.',
    'member',
    'rule',
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** The name of a metric. */
export type MetricName = keyof typeof metricDefinitions;

function counter(help: string, ...labels: readonly string[]): MetricDefinition {
  return { type: 'counter', help, labels };
}

function gauge(help: string, ...labels: readonly string[]): MetricDefinition {
  return { type: 'gauge', help, labels };
}
