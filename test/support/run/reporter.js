/** Names each test that did not run, and ends the run with its figures on a line of their own. */
export default class FiguresReporter {
  /**
   * @param {unknown} _contexts
   * @param {import('@jest/test-result').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    const skipped = results.testResults.flatMap((file) =>
      file.testResults.filter(({ status }) => status === 'pending' || status === 'todo'),
    );
    // A file that could not even be loaded, or whose last clean-up failed, has no failed test to count.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const figures = [`${results.numPassedTests} passed`, `${failed} failed`];
    if (skipped.length > 0) figures.push(`${skipped.length} skipped`);
    const lines = [...skipped.map(({ fullName }) => `SKIPPED ${fullName}`), figures.join(', ')];
    // Jest's own summary comes after every reporter of ours.
    process.once('exit', () => process.stdout.write(`\n${lines.join('\n')}\n`));
  }
}
