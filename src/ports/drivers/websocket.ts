import type { Driver } from './driver.ts';

/** Programs in browsers. The token decides which clients may connect from beyond this machine. */
export const websocket: Driver = {
  scheme: 'ws',
  form: 'ws://HOST:PORT/PATH?token=TOKEN',
  summary: 'listens for WebSockets',
  listens: true,
  async open(address, environment, acceptor) {
    // Loaded on demand: it is a quarter of the start-up time, and few switches use it.
    const { parseWebSocketAddress, WebSocketListener } = await import('../websocket.ts');
    return { listener: await WebSocketListener.open({ listen: parseWebSocketAddress(address), acceptor }, environment) };
  },
};
