/** One run of a flow that nobody disturbs, as the crash checker makes it. */
import type { CheckCrashesOptions, CheckedFlow, CalmEnd } from './options.js';
import { watchGlobals } from './outside.js';
import { runThrough } from './run-through.js';

/**
 * Where nothing is reset, the first run finds another world than all that follow it: this one is for that.
 * @throws as `checkCrashes`
 */
export async function rehearse(flow: CheckedFlow, options: CheckCrashesOptions): Promise<CalmEnd> {
  const unwatch = watchGlobals();
  try {
    const { end } = await runThrough(flow, options, { kills: [] });
    return { status: end.status, errors: end.errors, waitsFor: end.waitsFor };
  } finally {
    unwatch();
  }
}
