/** The figures that a run can give. */
export type FigureName =
  | 'perProcessorSecond'
  | 'perMachineSecond'
  | 'userPerFrame'
  | 'systemPerFrame'
  | 'copiesPerProcessorSecond'
  | 'deliveredPerSecond'
  | 'megabits'
  | 'megabitsPerProcessorSecond'
  | 'nanosecondsPerFrame'
  | 'lost'
  | 'lostByChurn'
  | 'flooded'
  | 'churns'
  | 'p50'
  | 'p99'
  | 'addedRoundTrip'
  | 'pingProcessor'
  | 'stepProcessor'
  | 'processorShare'
  | 'loadShare'
  | 'othersShare'
  | 'memory'
  | 'heapPerFrame'
  | 'wall'
  | 'hopsPerSecond'
  | 'exchangesPerSecond'
  | 'exchangeProcessor'
  | 'ackP50'
  | 'ackP99'
  | 'retries'
  | 'longestTurn'
  | 'keptP50'
  | 'joinsPerSecond'
  | 'scrape'
  | 'longestScrape'
  | 'readsPerSecond'
  | 'readTime';

/** The figures of one run of one side. */
export type Sample = Readonly<Partial<Record<FigureName, number>>>;

/** The description of a figure: its name, and its form. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  readonly show: (figure: number) => string;
  /** True if ours : peer says something. Default: true. */
  readonly ratio?: boolean;
}

const thousands = (figure: number): string => `${(figure / 1000).toPrecision(3)} k`;
const millions = (figure: number): string => `${(figure / 1e6).toPrecision(3)} M`;
const fixed =
  (digits: number) =>
  (figure: number): string =>
    figure.toFixed(digits);
const frames = (figure: number): string => (figure >= 1e6 ? millions(figure) : thousands(figure));

/** All figures, in the order in which they are printed. */
export const figures: Readonly<Record<FigureName, Figure>> = {
  perProcessorSecond: { title: 'frames per switch-CPU-second', unit: '', show: frames },
  perMachineSecond: { title: 'frames per CPU second, the load included', unit: '', show: frames },
  userPerFrame: { title: 'user time a frame', unit: 'us', show: fixed(3) },
  systemPerFrame: { title: 'system time a frame', unit: 'us', show: fixed(3) },
  copiesPerProcessorSecond: { title: 'copies out per CPU second', unit: '', show: frames },
  deliveredPerSecond: { title: 'frames delivered per second', unit: '', show: frames },
  megabits: { title: 'TCP throughput', unit: 'Mbit/s', show: fixed(0) },
  megabitsPerProcessorSecond: { title: 'Mbit per switch-CPU-second', unit: 'Mbit', show: fixed(0) },
  nanosecondsPerFrame: { title: 'time per frame', unit: 'ns', show: fixed(0) },
  lost: { title: 'lost', unit: '%', show: fixed(3), ratio: false },
  lostByChurn: { title: 'lost more than without churn', unit: '%', show: fixed(3), ratio: false },
  flooded: { title: 'flooded to a bystander', unit: '%', show: fixed(2), ratio: false },
  churns: { title: 'clients that came and went', unit: '/s', show: fixed(1), ratio: false },
  p50: { title: 'round trip p50', unit: 'us', show: fixed(1) },
  p99: { title: 'round trip p99', unit: 'us', show: fixed(1) },
  addedRoundTrip: { title: 'round trip p50, above that of the plain link', unit: 'us', show: fixed(1), ratio: false },
  stepProcessor: { title: 'CPU of TLS alone for 64 KiB', unit: 'us', show: fixed(1) },
  pingProcessor: { title: 'switch-CPU of a round trip', unit: 'us', show: fixed(1) },
  exchangesPerSecond: { title: 'exchanges per second', unit: '', show: fixed(0) },
  exchangeProcessor: { title: 'CPU of an exchange', unit: 'us', show: fixed(0) },
  ackP50: { title: 'REQUEST to ACK p50', unit: 'us', show: fixed(0) },
  ackP99: { title: 'REQUEST to ACK p99', unit: 'us', show: fixed(0) },
  longestTurn: { title: 'longest turn of the loop, CPU', unit: 'ms', show: fixed(2) },
  keptP50: { title: 'until it is on the disk p50', unit: 'ms', show: fixed(2) },
  joinsPerSecond: { title: 'joins per second', unit: '', show: fixed(0) },
  readsPerSecond: { title: 'reads per second', unit: '', show: fixed(0) },
  readTime: { title: 'time of a read p50', unit: 'ms', show: fixed(2) },
  scrape: { title: 'time of a scrape p50', unit: 'ms', show: fixed(1) },
  longestScrape: { title: 'longest scrape', unit: 'ms', show: fixed(1) },
  retries: { title: 'messages sent again after 4 s', unit: '', show: fixed(0), ratio: false },
  processorShare: { title: 'CPU of the switch', unit: '%', show: fixed(0), ratio: false },
  loadShare: { title: 'CPU of the load', unit: '%', show: fixed(0), ratio: false },
  othersShare: { title: 'CPU of everybody else', unit: '%', show: fixed(0), ratio: false },
  memory: { title: 'resident memory', unit: 'MiB', show: fixed(1) },
  heapPerFrame: { title: 'heap growth per frame', unit: 'octets', show: fixed(1) },
  wall: { title: 'wall time', unit: 's', show: fixed(3) },
  hopsPerSecond: { title: 'frame-hops per second', unit: '', show: frames },
};

/** The names of all figures, in the order in which they are printed. */
export const figureNames = Object.keys(figures) as readonly FigureName[];
