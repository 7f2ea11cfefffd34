/* The script of a page: draws the view that is in it. */
import { viewElement } from '../page.ts';
import type { RunView } from '../run-view.ts';
import { RunPage } from './run-page.ts';

const page = new RunPage(JSON.parse(document.getElementById(viewElement)?.textContent ?? '') as RunView);
document.body.append(page.root);
page.start();
