import assert = require('node:assert/strict');
import { test } from 'node:test';
import manager = require('nest-job-manager');

test('the package can be required by CommonJS', () => {
  const { module } = manager.JobManagerModule.forRoot({ prefix: 'jobs' });
  assert.equal(module, manager.JobManagerModule);
});
