import { describe, expect, it } from 'vitest';
import { metricDefinitions, type MetricDefinition } from '../../src/management/metric-definitions.ts';
import { dashboard, metricsIn, queries, type Query } from './dashboard.ts';

const definitions: Readonly<Record<string, MetricDefinition>> = metricDefinitions;

/** The labels that Prometheus itself adds to what it scrapes. */
const ofScrape = ['instance', 'job'];

/** Returns the labels that a query names, in matchers and in lists. */
function labelsIn({ expr }: Query): string[] {
  const matched = [...expr.matchAll(/([a-z]\w*)=~?"/g)].map(([, label = '']) => label);
  const listed = [...expr.matchAll(/\b(?:by|on|group_left) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
  return [...matched, ...listed];
}

describe('the dashboard', () => {
  it('has queries about all parts', () => {
    expect(queries.length).toBeGreaterThan(30);
    const subjects = new Set(queries.flatMap(metricsIn).map((name) => name.split('_').slice(0, 2).join('_')));
    for (const part of ['port', 'star', 'group', 'member', 'shortcut', 'dhcp', 'loop', 'build'])
      expect(subjects).toContain(`etherloom_${part}`);
  });

  it.each(queries.map((query) => [`${query.panel}: ${query.expr}`, query] as const))('asks for metrics that are there: %s', (_, query) => {
    const names = metricsIn(query);
    expect(names.length).toBeGreaterThan(0);
    const known = names.flatMap((name) => definitions[name]?.labels ?? [`no ${name}`]);
    expect(known.filter((label) => label.startsWith('no '))).toEqual([]);
    for (const label of labelsIn(query)) expect([...known, ...ofScrape], label).toContain(label);
    for (const [, label = ''] of query.legend.matchAll(/\{\{(\w+)\}\}/g)) expect([...known, ...ofScrape], label).toContain(label);
  });

  it.each(queries.map((query) => [`${query.panel}: ${query.expr}`, query] as const))('takes rates of counters alone: %s', (_, query) => {
    for (const name of metricsIn(query)) {
      const isRated = query.expr.includes(`rate(${name}{`) || query.expr.includes(`increase(${name}{`);
      expect(isRated, name).toBe(definitions[name]?.type === 'counter');
    }
  });

  it('shows each panel at a place of its own, with a query', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { type, title, targets = [] } of panels) if (type !== 'row') expect(targets.length, title).toBeGreaterThan(0);
    const taken = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(taken).size).toBe(taken.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});
