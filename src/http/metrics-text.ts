import { metricDefinitions, type MetricDefinition, type MetricName } from '../management/metric-definitions.ts';
import type { Labels, MetricSample } from '../management/metrics.ts';

/** The media type of the text. [Prometheus, exposition formats] */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Returns samples as Prometheus' text: metric by metric in the order of their definitions, each with its help and its type. Metrics without
 * a sample are left out.
 */
export function metricsText(samples: readonly MetricSample[]): string {
  const lines = new Map<MetricName, string[]>();
  for (const { name, labels, value } of samples) {
    const line = `${name}${labelsText(labels)} ${valueText(value)}\n`;
    const others = lines.get(name);
    if (others) others.push(line);
    else lines.set(name, [line]);
  }
  const definitions = Object.entries(metricDefinitions) as [MetricName, MetricDefinition][];
  return definitions.map(([name, definition]) => metricText(name, definition, lines.get(name))).join('');
}

function metricText(name: MetricName, { type, help }: MetricDefinition, lines: readonly string[] | undefined): string {
  if (!lines) return '';
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Labels): string {
  let text = '';
  for (const label in labels) text += `${text === '' ? '{' : ','}${label}="${labelText(labels[label] ?? '')}"`;
  return text === '' ? '' : `${text}}`;
}

function labelText(value: string): string {
  return /[\\\n"]/.test(value) ? value.replace(/[\\\n"]/g, escaped) : value;
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

/** Numbers have the form that Go reads, in which infinity has another name. */
function valueText(value: number): string {
  return String(value).replace('Infinity', 'Inf');
}
