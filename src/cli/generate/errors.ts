/** What is wrong with a generated file. */
import { EngramError, listed } from '../../errors/index.js';

/** The flow has other paths than its file of tests. */
export class OutgrownTestsError extends EngramError {
  readonly code = 'TESTS_OUTGROWN';
  constructor(
    readonly file: string,
    readonly missing: readonly string[],
    readonly superfluous: readonly string[],
    command: string,
  ) {
    const problems = [
      ...(missing.length === 0 ? [] : [listed('it lacks', missing, 20)]),
      ...(superfluous.length === 0 ? [] : [listed('the flow has no more', superfluous, 20)]),
    ];
    super(`${file} does not have the paths of the flow: ${problems.join('; ')}`, {
      hint: `write these tests and delete those, or make the file anew: ${command}`,
    });
  }
}
