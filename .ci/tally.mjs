// Rule: the last line of a CI run is `N passed, N failed`, counted from the JSON report of the tests.
// Usage: node .ci/tally.mjs <report>
import { readFileSync } from 'node:fs';

/** Without a report no test ran, which is one failure; a file that fails outside its tests is one failure too. */
function count(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    );
    const failed = report.numFailedTests + broken.length;
    return { passed: report.numPassedTests, failed: report.success ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

const { passed, failed } = count(process.argv[2]);
console.log(`${passed} passed, ${failed} failed`);
