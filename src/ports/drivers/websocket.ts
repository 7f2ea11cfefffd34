import { checkWebSocketExposure, parseWebSocketAddress, tokenPlaceIn } from '../websocket-address.ts';
import { here, type Driver } from './driver.ts';

/** Programs in browsers. The token decides which clients may connect from beyond this machine, in place of `plain=yes`. */
export const websocket: Driver = {
  scheme: 'ws',
  form: 'ws://HOST:PORT/PATH?token=TOKEN',
  summary: 'listens for WebSockets',
  listens: true,
  reaches(address) {
    checkWebSocketExposure(parseWebSocketAddress(address));
    return here;
  },
  uses: tokenPlaceIn,
  async open(address, environment, acceptor) {
    // Loaded on demand: it is a quarter of the start-up time, and few switches use it.
    const { WebSocketListener } = await import('../websocket.ts');
    return { listener: await WebSocketListener.open({ listen: parseWebSocketAddress(address), acceptor }, environment) };
  },
};
