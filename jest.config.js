/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        swcrc: false,
      },
    ],
  },
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // Only what hangs meets it: some machines are several times slower. What must be so in time has a deadline of its own.
  testTimeout: 180_000,
  maxWorkers: 2,
  globalSetup: '<rootDir>/test/support/run/global-setup.js',
  globalTeardown: '<rootDir>/test/support/run/global-teardown.js',
  reporters: ['default', '<rootDir>/test/support/run/reporter.js'],
};
