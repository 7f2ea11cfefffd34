/** The page: a run as data, what is drawn of it, and one file of HTML that draws it. */
import { packView } from './packing.ts';
import type { RunView } from './run-view.ts';

export type { RunView, ViewFault, ViewFrame, ViewMoment, ViewNode, ViewNote } from './run-view.ts';

/** A text that the page has in it, and its SHA-256 in Base64, by which the page's policy lets it in. */
export interface Inset {
  readonly text: string;
  readonly sha256: string;
}

/** What draws a view: the script and the style that the build makes of `browser/`. */
export interface PageParts {
  readonly script: Inset;
  readonly style: Inset;
}

/** The element that has the view, packed, as JSON. */
export const viewElement = 'view';

/** A view as one file of HTML, which needs nothing else, fetches nothing, and runs no other script than its own. */
export function pageOf(view: RunView, { script, style }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'sha256-${script.sha256}'`,
    `style-src 'sha256-${style.sha256}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(view.title)}</title>
<style>${style.text}</style>
</head>
<body>
<noscript>This page draws a run of a network, and needs JavaScript for it.</noscript>
<script type="application/json" id="${viewElement}">${escapeJson(packView(view))}</script>
<script>${script.text}</script>
</body>
</html>
`;
}

/** Text for an element or an attribute. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** JSON that no parser of HTML finds the end of a script in. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
