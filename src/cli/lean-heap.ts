import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap grow by 30 percent before the collector runs again. V8 on its own lets one of 250 MB grow to twice its
 * size. A backtest of 955,000 sessions then peaks at 630 MB in place of 493, for 7 percent less CPU. The daemon replaces
 * what it knows of each connection with every poll, and would keep several polls of garbage.
 */
export const keepHeapLean = (): void => setFlagsFromString('--heap-growing-percent=30')
