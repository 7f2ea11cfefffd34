/** The lab and the real world: files, and networks that others join. This file is its door, `etherloom/lab/node`. */
export { EtherloomError, type ErrorCode } from '../../errors.ts';
export { evidenceIn, writeCapture } from './evidence.ts';
export { expose, type ExposeOptions } from './expose.ts';
export type { Exposure } from './exposed-switch.ts';
export { writePage } from './page.ts';
export { fromPcap, type Tape, type TapeOptions } from '../tape.ts';
