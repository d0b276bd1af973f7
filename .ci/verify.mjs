// Rule: one command runs the whole gate, in order, and stops at the first failure.
// Usage: node .ci/verify.mjs [--skip <step>]...
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const steps = ['format:check', 'lint', 'types', 'cycles', 'deadcode', 'build', 'pack:check', 'test'];
const { values } = parseArgs({ options: { skip: { type: 'string', multiple: true, default: [] } } });

const unknown = values.skip.filter((name) => !steps.includes(name));
if (unknown.length > 0) {
  console.error(`verify: no such step: ${unknown.join(', ')}`);
  process.exit(2);
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const start = performance.now();
const todo = steps.filter((name) => !values.skip.includes(name));

for (const name of todo) {
  console.log(`verify: ${name}`);
  const stepStart = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`verify: ${name} FAILED after ${seconds(stepStart)}`);
    process.exit(1);
  }
  console.log(`verify: ${name} ok in ${seconds(stepStart)}`);
}
console.log(`verify: ${todo.length} steps ok in ${seconds(start)}`);
