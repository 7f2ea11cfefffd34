import { resolve } from 'node:path';
import { dialBess, listenBess } from '../bess.ts';
import type { Driver } from './driver.ts';

/** Programs that dial a socket of sequenced packets: User-mode Linux. */
export const bess: Driver = {
  scheme: 'bess',
  form: 'bess://PATH',
  summary: 'listens for programs that send each frame as a sequenced packet',
  listens: true,
  uses: (path) => `the socket ${path}`,
  open: async (path, environment, acceptor) => ({ listener: await listenBess(resolve(path), { acceptor }, environment) }),
};

/** A program that listens at a socket of sequenced packets: gvproxy. */
export const bessDial: Driver = {
  scheme: 'bess-dial',
  form: 'bess-dial://PATH',
  summary: 'dials a program that listens for sequenced packets',
  listens: false,
  uses: (path) => `the socket ${path}`,
  open: async (path, environment) => ({ port: await dialBess(resolve(path), environment) }),
};
