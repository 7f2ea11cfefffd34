import { readFileSync } from 'node:fs';

/** A panel of a dashboard of Grafana, as far as tests read it. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** A query of the dashboard, with the title of its panel and the form of its legend. */
export interface Query {
  readonly panel: string;
  readonly expr: string;
  readonly legend: string;
}

/** The dashboard that comes with the package. */
export const dashboard = JSON.parse(readFileSync(new URL('../../docs/grafana.json', import.meta.url), 'utf8')) as {
  readonly panels: readonly Panel[];
};

/** All queries of its panels. */
export const queries: readonly Query[] = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ panel: title, expr, legend: legendFormat })),
);

/** Returns the names of the metrics of a query. */
export function metricsIn({ expr }: Query): readonly string[] {
  return [...expr.matchAll(/\b([a-z]\w*)\{/g)].map(([, name = '']) => name);
}
