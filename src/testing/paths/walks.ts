/**
 * Few paths that take every transition: walks that go where something was not taken yet, as long as there is something,
 * and then to an end. Greedy, and so not always the fewest; what such walks cannot find is left to the caller.
 */
import { type Explorer, type FlowState, hasEnded, liveIn, NOBODY } from './explorer.js';
import type { Outcome } from './outcome.js';
import { stepOf } from './replay.js';
import { stateKey } from './state-key.js';
import { transitionsOfStep } from './transition-names.js';

export interface Walks {
  readonly explorer: Explorer;
  readonly outcomes: (state: FlowState, choice: string) => Outcome | undefined;
  readonly behind: (collateral: string) => ReadonlySet<string>;
}

/** Longer ones are given up. */
const LONGEST = 2000;

/** @param missed the transitions that are worth going to; what a walk takes is taken out */
export function* walks(given: Walks, missed: Set<string>): Generator<readonly string[], undefined> {
  while (missed.size > 0) {
    const found = walk(given, missed);
    if (found === undefined) return undefined;
    const news = [...found.taken].filter((transition) => missed.delete(transition));
    if (news.length === 0) return undefined;
    yield found.choices;
  }
  return undefined;
}

interface Walk {
  readonly choices: readonly string[];
  readonly taken: ReadonlySet<string>;
}

function walk({ explorer, outcomes, behind }: Walks, missed: ReadonlySet<string>): Walk | undefined {
  const taken = new Set<string>();
  const choices: string[] = [];
  const tried = new Set<string>();
  const isWanted = (transition: string) => missed.has(transition) && !taken.has(transition);
  let state = explorer.initial;
  while (!hasEnded(state)) {
    const key = stateKey(state);
    const open = explorer.choices(state, true).filter((choice) => !tried.has(`${key} ${choice}`));
    const choice = chosen(state, open);
    if (choice === undefined || choices.length >= LONGEST) return undefined;
    tried.add(`${key} ${choice}`);
    choices.push(choice);
    const next = explorer.move(state, choice);
    if (choice !== NOBODY) for (const each of transitionsOfStep(stepOf(explorer, state, choice, next))) taken.add(each);
    state = next;
  }
  return { choices, taken };

  function chosen(from: FlowState, open: readonly string[]): string | undefined {
    const isNew = (choice: string) =>
      choice !== NOBODY &&
      transitionsOfStep(stepOf(explorer, from, choice, explorer.move(from, choice))).some(isWanted);
    const leadsOn = (choice: string) => {
      const items = outcomes(from, choice)?.items ?? [];
      return items.some((item) => [...behind(item.collateral)].some(isWanted));
    };
    const endsBranch = (choice: string) => liveIn(from.position.context) !== undefined && choice === 'nothing';
    return open.find(isNew) ?? open.find(leadsOn) ?? open.find(endsBranch) ?? open[0];
  }
}
