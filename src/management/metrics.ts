import type { MetricName } from './metric-definitions.ts';

/** The values of a sample's labels. */
export type Labels = Readonly<Record<string, string>>;

/** A value of a metric now. */
export interface MetricSample {
  readonly name: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

/** Takes one sample. */
export type Emit = (name: MetricName, value: number, labels?: Labels) => void;

/** An owner of counters. It is asked for them; between requests it does nothing, least of all per frame. */
export interface Collector {
  collect(emit: Emit): void;
}

/** The metrics of a switch: those of all owners that are there. */
export class Metrics {
  readonly #collectors = new Set<Collector>();

  /** Adds an owner's samples until disposed. */
  add(collector: Collector): Disposable {
    this.#collectors.add(collector);
    return { [Symbol.dispose]: () => void this.#collectors.delete(collector) };
  }

  /** Returns all samples as they are now, owner by owner. */
  samples(): readonly MetricSample[] {
    const samples: MetricSample[] = [];
    const emit: Emit = (name, value, labels = {}) => samples.push({ name, labels, value });
    for (const collector of this.#collectors) collector.collect(emit);
    return samples;
  }
}
