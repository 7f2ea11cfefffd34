import { expect, it } from 'vitest';
import { escapeHtml, escapeJson, pageOf, type RunView } from '../../src/page/page.ts';
import { packView, unpackView, type PackedView } from '../../src/page/packing.ts';
import { view } from './views.ts';

const parts = { script: { text: 'draw()', sha256: 'c2NyaXB0' }, style: { text: 'p{}', sha256: 'c3R5bGU=' } };

it('is one file that fetches nothing, and runs no script but its own', () => {
  const html = pageOf(view(), parts);
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).toContain(
    `content="default-src 'none'; script-src 'sha256-c2NyaXB0'; style-src 'sha256-c3R5bGU='; base-uri 'none'; form-action 'none'"`,
  );
  expect(html).not.toMatch(/\b(?:https?:|src=|href=|url\(|@import)/);
  expect(html.match(/<script/g)).toHaveLength(2);
});

const wicked = [`</script><script>alert(1)</script>`, '<!--<script>', `"'><img src=x>`, '&lt;', '\u2028\u2029', '${1}', '$&', ']]>'];

it.each(wicked)('keeps text as it is, and lets none of it be more than that: %j', (text) => {
  const wickedView: RunView = {
    ...view({ text, fate: text }),
    title: text,
    facts: [text],
    omissions: [text],
    notes: [{ time: 1, node: 0, text }],
  };
  const html = pageOf(wickedView, parts);
  const [, json = ''] = /<script type="application\/json" id="view">([^]*?)<\/script>/.exec(html) ?? [];
  expect(unpackView(JSON.parse(json) as PackedView)).toEqual(wickedView);
  const [, title] = /<title>([^]*?)<\/title>/.exec(html) ?? [];
  expect(title).toBe(escapeHtml(text));
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html).not.toMatch(/<img|<!--/);
});

it('escapes what ends an element, an attribute, a script', () => {
  expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  expect(escapeJson({ a: '</script>' })).toBe('{"a":"\\u003c/script>"}');
});

it('has each text once, however many frames have it', () => {
  const run = view({}, 20_000);
  expect(unpackView(packView(run))).toEqual(run);
  expect(packView(run).texts).toEqual(['a', 's1.1', run.frames[0]?.text, 'delivered', 's1.2', 'b']);
  expect(pageOf(run, parts).length).toBeLessThan(20_000 * 45);
});
