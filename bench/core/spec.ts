/** The load of a switch in memory. */
export interface CoreSpec {
  /** Ports; stations are spread over them in turn. */
  readonly ports: number;
  readonly stations: number;
  /** `known`: to stations that the switch knows. `broadcast`: to all. */
  readonly destinations: 'known' | 'broadcast';
  /** How the ports carry their VLAN: all without tags, all with tags, or in turn, so that each frame gains or loses its tag. */
  readonly tags: 'none' | 'all' | 'mixed';
  readonly warmup: number;
  readonly seconds: number;
}

/** The result in the measured time. */
export interface CoreResult {
  readonly seconds: number;
  /** Of all threads of the process, so with the compiler and the collector. */
  readonly processorSeconds: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Octets allocated on the heap for each frame received. */
  readonly heapPerFrame: number;
}
