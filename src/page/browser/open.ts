/* The script of a page, which draws the view that the page contains. */
import { viewElement } from '../page.ts';
import { unpackView, type PackedView } from '../packing.ts';
import { RunPage } from './run-page.ts';

const page = new RunPage(unpackView(JSON.parse(document.getElementById(viewElement)?.textContent ?? '') as PackedView));
document.body.append(page.root);
page.start();
