import { reads } from '../operation.ts';
import type { MetricSample } from '../metrics.ts';

/** Shows the samples of all metrics, or of those whose name begins with `prefix`. */
export const showMetrics = reads(
  'metrics.show',
  'show counters and gauges of the switch and its parts',
  ({ metrics }, { prefix = '' }: { readonly prefix?: string | undefined }): readonly MetricSample[] =>
    metrics.samples().filter(({ name }) => name.startsWith(prefix)),
);
