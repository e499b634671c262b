// The name of the cluster of `npm run e2e`, for the command that creates it and the tests that use it.
export const e2eClusterName = 'e2e';
