// One configuration for every suite; `npm test` and `npm run e2e` choose the folders.
const config = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/hack/test/strip-types.mjs' },
  testMatch: ['**/*.test.ts'],
  // Ends a test that hangs. No load of the machine makes a test last as long.
  testTimeout: 300_000,
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tmp/'],
};
export default config;
