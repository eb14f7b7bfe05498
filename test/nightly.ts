/** Whether the long sets run: `npm run test:nightly` sets it. A push is tested with short ones. */
export const IS_NIGHTLY = process.env.CURFEW_NIGHTLY === '1'
