import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricsText } from '../../src/http/metrics-text.ts';
import { metricDefinitions, type MetricName } from '../../src/management/metric-definitions.ts';
import { readMetrics } from './metrics-reader.ts';

describe('the text of metrics', () => {
  it('has each metric once with its help and its type, and all its samples below', () => {
    const text = metricsText([
      { name: 'etherloom_port_up', labels: { port: '2' }, value: 1 },
      { name: 'etherloom_stations', labels: {}, value: 5 },
      { name: 'etherloom_port_up', labels: { port: '10' }, value: 0 },
      { name: 'etherloom_port_dropped_frames_total', labels: { port: '2', reason: 'forged-mac' }, value: 7 },
    ]);
    expect(text).toBe(`# HELP etherloom_port_up Whether the port has a carrier: 1, or 0.
# TYPE etherloom_port_up gauge
etherloom_port_up{port="2"} 1
etherloom_port_up{port="10"} 0
# HELP etherloom_port_dropped_frames_total Frames received at the port that the switch dropped, by reason.
# TYPE etherloom_port_dropped_frames_total counter
etherloom_port_dropped_frames_total{port="2",reason="forged-mac"} 7
# HELP etherloom_stations Stations in the filtering database.
# TYPE etherloom_stations gauge
etherloom_stations 5
`);
  });

  it('is empty without samples', () => {
    expect(metricsText([])).toBe('');
  });

  it.each([
    ['a line break', 'a\nb', 'a\\nb'],
    ['a quotation mark', 'a"} 7', 'a\\"} 7'],
    ['a backslash', 'a\\', 'a\\\\'],
    ['a backslash before an n', 'a\\n', 'a\\\\n'],
  ])('escapes %s in the value of a label', (_, name, escaped) => {
    const text = metricsText([{ name: 'etherloom_member_info', labels: { member: '1', name }, value: 1 }]);
    expect(text.split('\n')[2]).toBe(`etherloom_member_info{member="1",name="${escaped}"} 1`);
  });

  it.each([
    [0.0015, '0.0015'],
    [1e21, '1e+21'],
    [Infinity, 'Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('writes %d as %s', (value, written) => {
    expect(metricsText([{ name: 'etherloom_stations', labels: {}, value }])).toContain(`\netherloom_stations ${written}\n`);
  });

  it('is read back to the samples, whatever the labels say', () => {
    const name = fc.constantFrom(...(Object.keys(metricDefinitions) as MetricName[]));
    const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ unit: 'grapheme' }), { maxKeys: 3 });
    const samples = fc.array(fc.record({ name, labels, value: fc.double({ noNaN: true }) }), { maxLength: 20 });
    fc.assert(
      fc.property(samples, (given) => {
        const read = readMetrics(metricsText(given));
        const known = given.map(({ value, ...one }) => JSON.stringify({ ...one, labels: { ...one.labels }, value: String(value) }));
        expect(read.map(({ value, ...one }) => JSON.stringify({ ...one, value: String(value) })).sort()).toEqual(known.sort());
      }),
    );
  });
});
