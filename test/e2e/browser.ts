import { WebSocket } from 'ws';
import type { Stage } from './stage.ts';

/** A message of the DevTools protocol, as far as we look at it. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

type Settle = (message: Message) => void;

/** The real browser with one page, by the DevTools protocol: what a user sees and does, and what the page asks for. */
export class Browser {
  /** The page's requests, by their addresses. */
  readonly requests: string[] = [];
  /** The page's complaints: errors, warnings, refusals by its policy. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Settle>();
  readonly #events = new Map<string, () => void>();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(JSON.parse((data as Buffer).toString()) as Message));
  }

  /** Starts Chromium without a window, with a profile and a home of its own, and an empty page of that size in pixels. */
  static async start(stage: Stage, { width = 1400, height = 900 } = {}): Promise<Browser> {
    const home = stage.path('browser');
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
    const where = ['--remote-debugging-port=0', `--user-data-dir=${home}`];
    const running = stage.start(['chromium', '--headless', '--no-sandbox', '--disable-gpu', ...quiet, ...where, 'about:blank'], {
      env: { HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
      group: true,
    });
    const [, address = ''] = await running.line(/^DevTools listening on (ws:\S+)/, { timeout: 60_000 });
    const pages = (await (await fetch(`http://${new URL(address).host}/json/list`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const page = pages.find(({ type }) => type === 'page');
    const socket = new WebSocket(page?.webSocketDebuggerUrl ?? '', { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const browser = new Browser(socket);
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await browser.send(`${domain}.enable`);
    await browser.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    return browser;
  }

  /** Opens an address, and waits until the page and all that it asks for is there. */
  async open(address: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#events.set('Page.loadEventFired', resolve));
    await this.send('Page.navigate', { url: address });
    await loaded;
  }

  /** Returns the value of an expression in the page, as JSON. Throws its errors. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(`the page failed: ${exceptionDetails.exception?.description ?? expression}`);
    return result.value;
  }

  /** Waits until the page has drawn what it was told. */
  async drawn(): Promise<void> {
    await this.value('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null))))');
  }

  /** Moves the pointer. */
  async point(x: number, y: number): Promise<void> {
    await this.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    await this.drawn();
  }

  /** Clicks. */
  async click(x: number, y: number): Promise<void> {
    const at = { x, y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
    await this.drawn();
  }

  /** Presses a key by its name: `ArrowDown`, or a character. */
  async press(key: string): Promise<void> {
    const code = { ArrowUp: 38, ArrowDown: 40, ArrowLeft: 37, ArrowRight: 39, Home: 36, End: 35, Escape: 27 }[key] ?? 0;
    const text = key.length === 1 ? { text: key } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, windowsVirtualKeyCode: code, ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, windowsVirtualKeyCode: code });
    await this.drawn();
  }

  /** Types text where the focus is. */
  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text });
    await this.drawn();
  }

  /** Asks for dark pages, or light ones. */
  async prefer(scheme: 'dark' | 'light'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await this.drawn();
  }

  /** Returns the visible page, as a PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send('Page.captureScreenshot', { format: 'png' })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  /** Ends it. */
  async end(): Promise<void> {
    await this.send('Browser.close').catch(() => undefined);
  }

  /** Sends a command, and returns its result. Throws what the browser says is wrong. */
  async send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#id;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result = {}, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #hear({ id, method, params = {}, ...rest }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ id, ...rest });
      this.#waiting.delete(id);
      return;
    }
    if (method === 'Network.requestWillBeSent') this.requests.push((params['request'] as { url: string }).url);
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded' || method === 'Runtime.consoleAPICalled')
      this.complaints.push(JSON.stringify(params));
    if (method !== undefined) this.#events.get(method)?.();
  }
}
