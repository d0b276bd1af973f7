/** What has happened in one event of a run, in words that can be counted: a generator that rots is found out. */
import type { RespondedEvent } from '../../src/propagation/events.js';
import type { Effect, RunEvent } from '../../src/propagation/events.js';
import type { RunContext } from '../../src/propagation/context.js';

/** One event of a run. */
export interface Move {
  readonly event: RunEvent;
  readonly before: RunContext;
  readonly after: RunContext;
  readonly effects: readonly Effect[];
  readonly accepted: boolean;
}

export function featuresOf({ event, before, after, effects, accepted }: Move): string[] {
  const { type } = event;
  const kind = type.includes(':') ? (type.split(':')[1] as string) : type.replace(/^c\d$/, 'signal');
  const ended = before.status === 'running' ? '' : ' after the end';
  const all = [`${kind} ${accepted ? 'accepted' : 'refused'}${ended}`];
  if (!accepted) return all;
  const has = (what: string, is: boolean): void => void (is && all.push(what));
  const { expectations = [], joined, signals } = event as RespondedEvent;
  has('retry', (event as { retryAt?: number }).retryAt !== undefined && after.failed.length === before.failed.length);
  has('answer with expectations', expectations.length > 0);
  has(
    'answer with delays',
    (signals ?? []).some(({ due }) => due !== undefined),
  );
  has('arrival', joined !== undefined);
  has('second attempt settled', kind === 'responded' && ((event as RespondedEvent).attempt ?? 1) > 1);
  has('early signal kept', after.early.length > (before.early?.length ?? 0));
  has('early signal met', (after.early?.length ?? 0) < (before.early?.length ?? 0));
  has('expectation met', kind === 'signal' && effects.some((effect) => effect.type === 'closed'));
  const fresh = after.frontier.filter(({ n }) => n >= before.next);
  has('set of a join fired', joined !== undefined && fresh.some(({ dendrite }) => dendrite.includes('+')));
  has(
    'undo queued',
    fresh.some(({ dendrite }) => dendrite === 'undo'),
  );
  has(
    'undo behind a barrier',
    after.barriers.length > before.barriers.length && kind === 'responded' && after.ending !== undefined,
  );
  has('abort with compensation', type === 'engram.abort' && (event as { compensate?: boolean }).compensate === true);
  has('while ending', before.ending !== undefined);
  has(
    'held with a time',
    fresh.some(({ state, due }) => state === 'held' && due !== undefined),
  );
  has(
    'asked',
    effects.some((effect) => effect.type === 'acquire'),
  );
  has(
    'value dropped',
    after.options?.autoCleanup === true && Object.keys(after.values).length < Object.keys(before.values).length,
  );
  const { concurrency = Infinity } = after.options ?? {};
  const active = after.frontier.filter(({ state }) => state === 'running').length;
  has('held back by the concurrency', active >= concurrency && after.frontier.some(({ state }) => state === 'queued'));
  for (const { error } of after.failed.slice(before.failed.length)) {
    const code = (error as { code?: string } | undefined)?.code;
    if (code !== undefined) all.push(code);
  }
  return all;
}
