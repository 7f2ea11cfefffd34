import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricsText } from '../../src/http/metrics-text.ts';
import { metricDefinitions, type MetricDefinition, type MetricName } from '../../src/management/metric-definitions.ts';
import { dashboard, metricsIn, queries } from '../http/dashboard.ts';
import { readMetrics } from '../http/metrics-reader.ts';
import { searchPath, type Running } from './running.ts';
import { bin, freePort, until, useStage, type Stage } from './stage.ts';

/** A service with `/metrics`, and the file of the token for it. */
interface Scraped {
  readonly port: number;
  readonly file: string;
  readonly service: Running;
}

async function scraped(stage: Stage, ...words: string[]): Promise<Scraped> {
  const [file, ofAll] = [stage.path('metrics-token'), stage.path('token')];
  const options = ['--http', '127.0.0.1:0', '--http-token-file', ofAll, '--metrics-token-file', file];
  const service = await stage.etherloom(...words, ...options);
  return { port: Number((await service.line(/^http 127\.0\.0\.1:(\d+)$/))[1]), file, service };
}

async function metricsOf({ port, file }: Pick<Scraped, 'port' | 'file'>): Promise<string> {
  const headers = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

describe('promtool', () => {
  const stage = useStage(['promtool']);
  const check = (text: string): string => {
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
      env: { ...process.env, PATH: searchPath },
    });
    return `${stdout}${stderr}status ${status}`;
  };

  it('finds nothing to complain about in any metric that there is', () => {
    const samples = Object.entries(metricDefinitions).map(([name, { labels }]: [string, MetricDefinition]) => ({
      name: name as MetricName,
      labels: Object.fromEntries(labels.map((label) => [label, 'a "b" \\ c\nd'])),
      value: 1.5,
    }));
    const text = metricsText(samples);
    expect(readMetrics(text)).toHaveLength(samples.length);
    expect(check(text)).toBe('status 0');
  });

  it('finds nothing to complain about in the metrics of a switch with ports and DHCP', async () => {
    const at = await scraped(stage, 'switch', '--sock', stage.path('s'), '--dhcp', '10.77.0.0/24', '--guard', '1-4');
    const text = await metricsOf(at);
    expect(text).toContain('etherloom_dhcp_leases{state="bound"} 0');
    expect(check(text)).toBe('status 0');
    // It does complain where there is something.
    expect(check(text.replaceAll('etherloom_stations_limit', 'etherloom_stations_milliseconds'))).toContain(
      'etherloom_stations_milliseconds',
    );
  });

  it('finds nothing to complain about in the metrics of a master', async () => {
    const text = await metricsOf(await scraped(stage, ...stage.masterWords()));
    expect(text).toContain('etherloom_group_members{state="linked"} 0');
    expect(check(text)).toBe('status 0');
  });
});

describe('a Prometheus', () => {
  const stage = useStage(['prometheus']);

  it('scrapes a master by the file of its token, and answers the queries of the dashboard', async () => {
    const at = await scraped(stage, ...stage.masterWords());
    const web = await freePort();
    const config = {
      global: { scrape_interval: '1s' },
      scrape_configs: [
        {
          job_name: 'etherloom',
          authorization: { credentials_file: at.file },
          static_configs: [{ targets: [`127.0.0.1:${at.port}`] }],
        },
      ],
    };
    // JSON is YAML.
    writeFileSync(stage.path('prometheus.yml'), JSON.stringify(config));
    const storage = [`--storage.tsdb.path=${stage.path('tsdb')}`, `--config.file=${stage.path('prometheus.yml')}`];
    const peer = stage.start(['prometheus', ...storage, `--web.listen-address=127.0.0.1:${web}`, '--web.enable-lifecycle']);
    await peer.line(/Server is ready to receive web requests/);
    const ask = async (query: string): Promise<readonly unknown[]> => {
      const response = await fetch(`http://127.0.0.1:${web}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { status, error, data } = (await response.json()) as { status: string; error?: string; data: { result: readonly unknown[] } };
      expect(`${status} ${error ?? ''}`, query).toBe('success ');
      return data.result;
    };
    // Two scrapes make a rate, and the lag is in the second one.
    await until('two scrapes', async () => (await ask('etherloom_loop_lag_seconds{job="etherloom"}')).length === 1);
    expect(await ask('up{job="etherloom"} == 1')).toHaveLength(1);
    const here = new Set(readMetrics(await metricsOf(at)).map(({ name }) => name));
    expect(dashboard.panels.length).toBeGreaterThan(20);
    for (const query of queries) {
      const expr = query.expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
      const found = await ask(expr);
      if (metricsIn(query).every((name) => here.has(name))) expect(found.length, expr).toBeGreaterThan(0);
    }
  });
});

describe('--metrics-token-file', () => {
  const stage = useStage([]);
  const words = (): string[] => [bin('etherloom'), 'switch', '--sock', stage.path('s')];

  it('names a file that is made, for its user alone', async () => {
    const { file, service } = await scraped(stage, 'switch', '--sock', stage.path('s'));
    const token = readFileSync(file, 'utf8').trim();
    expect(token).toMatch(/^[\w-]{22}$/);
    expect(token).not.toBe(readFileSync(stage.path('token'), 'utf8').trim());
    expect(service.lines.join('\n')).not.toContain(token);
  });

  it('is refused with the token that may do everything', async () => {
    const file = stage.path('token');
    const { status, text } = await stage.run([
      ...words(),
      '--http',
      '127.0.0.1:0',
      '--http-token-file',
      file,
      '--metrics-token-file',
      file,
    ]);
    expect(status).toBe(1);
    expect(text).toMatch(/is that of --http, which may do everything; choose another file/);
  });

  it('is refused without --http', async () => {
    const { status, text } = await stage.run([...words(), '--metrics-token-file', stage.path('token')]);
    expect(status).toBe(1);
    expect(text).toMatch(/--metrics-token-file has no effect without --http/);
  });
});
