import { Operation } from '../operation.ts';
import type { MetricSample } from '../metrics.ts';

/** Shows the samples of all metrics, or of those whose name begins with `prefix`. */
export const showMetrics = new Operation({
  name: 'metrics.show',
  summary: 'show counters and gauges of the switch and its parts',
  effect: 'reads',
  act: ({ metrics }, { prefix = '' }: { readonly prefix?: string | undefined }): readonly MetricSample[] =>
    metrics.samples().filter(({ name }) => name.startsWith(prefix)),
});
