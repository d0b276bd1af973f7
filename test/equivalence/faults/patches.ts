/** Faults to be planted. */
import type { Patch } from '../../support/copies.js';

const transition = 'src/propagation/transition.ts';
const settling = 'src/propagation/settling.ts';
const expecting = 'src/propagation/expecting.ts';
const waiting = 'src/propagation/waiting.ts';
const arriving = 'src/propagation/arriving.ts';
const joins = 'src/propagation/joins.ts';
const ending = 'src/propagation/ending.ts';
const failing = 'src/propagation/failing.ts';
const deadlines = 'src/propagation/deadlines.ts';
const cleanup = 'src/propagation/cleanup.ts';
const lists = 'src/propagation/lists.ts';
const values = 'src/propagation/values.ts';
const bodies = 'src/propagation/bodies.ts';
const gates = 'src/propagation/gates.ts';
const retry = 'src/propagation/retry.ts';
const context = 'src/propagation/handler-context.ts';
const image = 'src/propagation/image.ts';
const rewind = 'src/propagation/rewind.ts';
const respond = 'src/propagation/respond.ts';
const logic = 'machines/logic.ts';
const snapshot = 'machines/snapshot.ts';
const outcome = 'machines/outcome.ts';
const statechart = 'machines/statechart.ts';
const config = 'machines/statechart-config.ts';

export const PATCHES: readonly Patch[] = [
  {
    name: 'a settlement drops the second signal of an array',
    file: settling,
    find: 'for (let i = 0; i < answer.length; i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
    replace:
      'for (let i = 0; i < Math.min(1, answer.length); i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
  },
  {
    name: 'the signals of an array are enqueued last first',
    file: settling,
    find: 'for (let i = 0; i < answer.length; i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
    replace:
      'for (let i = answer.length - 1; i >= 0; i--) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
  },
  {
    name: 'a wrong answer commits its writes before it fails',
    file: settling,
    find: '  if (problem !== null) {\n    fail(work, activation, problem);',
    replace:
      '  if (problem !== null) {\n    if (writes !== undefined) write(work, neuron.name, writes.value);\n    fail(work, activation, problem);',
  },
  {
    name: 'what a barrier held keeps its old place',
    file: transition,
    find: '    held.n = work.next++;\n',
    replace: '',
  },
  {
    name: 'the checkpoint of another neuron releases a barrier',
    file: transition,
    find: 'if (barrier === undefined || barrier.subscriber.neuron !== neuron) return false;',
    replace: 'if (barrier === undefined) return false;',
  },
  {
    name: 'a milestone that emits nothing is no barrier',
    file: settling,
    find: '!neuron.milestone || isEnding(work)) return null;',
    replace: '!neuron.milestone || neuron.emits.length === 0 || isEnding(work)) return null;',
  },
  {
    name: 'a delivery id is not remembered',
    file: expecting,
    find: '  deliveries.add(deliveryId);\n',
    replace: '',
  },
  {
    name: 'resuming puts what waited for a slot behind the queue',
    file: ending,
    find: 'const back = [...inHand(work), ...aside].sort((a, b) => a.n - b.n);',
    replace: 'const back = [...inHand(work), ...aside];',
  },
  {
    name: 'an abort forgets what is held',
    file: ending,
    find: 'if (!isCalled(activation)) cut(work, activation);',
    replace: 'if (!isCalled(activation) && activation.after === null) cut(work, activation);',
  },
  {
    name: 'a run with a failure is completed',
    file: ending,
    find: 'if (rare.failed.length === 0) {',
    replace: 'if (rare.failed.length >= 0) {',
  },
  {
    name: 'what is held is not in the frontier',
    file: lists,
    find: '  yield* held.sort(byPlace);',
    replace: '  held.sort(byPlace);',
  },
  {
    name: 'the undo log misses the value that was there before',
    file: values,
    find: 'had: values.has(neuron), old: values.get(neuron) });',
    replace: 'had: false, old: undefined });',
  },
  {
    name: 'the undo log misses that an activation began',
    file: lists,
    find: '  if (views !== null) remember(work, activation);\n  return true;',
    replace: '  return true;',
  },
  {
    name: 'an old snapshot shows the deliveries of a newer one',
    file: rewind,
    find: '    deliveries = turn.deliveries ?? deliveries;\n',
    replace: '',
  },
  {
    name: 'a restored barrier forgets what waits behind it',
    file: image,
    find: "if (image.state === 'held' && behind !== undefined) {",
    replace: 'if (image.n < 0 && behind !== undefined) {',
  },
  {
    name: 'a handler does not read its own writes',
    file: context,
    find: 'let value = this.#staged === undefined ? this.#committed() : this.#staged.value;',
    replace: 'let value = this.#committed();',
  },
  {
    name: 'two handlers are starting at once',
    file: lists,
    find: "if (activation === null || work.starting !== null || work.status !== 'running') return null;",
    replace: "if (activation === null || work.status !== 'running') return null;",
  },
  {
    name: 'an answer that comes too late counts as a settlement',
    file: outcome,
    find: "if (activation.state >= BARRIER || work.status !== 'running') return true;",
    replace: "if (activation.state >= BARRIER || work.status !== 'running') return ++work.settled > 0;",
  },
  {
    name: 'a restored logic does not resume what was in flight',
    file: logic,
    find: "if (restored) apply(work, { type: 'engram.resume' });",
    replace: '',
  },
  {
    name: 'an old snapshot undoes its turns in the wrong order',
    file: snapshot,
    find: 'turns.reverse()',
    replace: 'turns',
  },
  {
    name: 'the undo log misses the youngest activation that was there',
    file: lists,
    find: 'activation.n < turn.next)',
    replace: 'activation.n < turn.next - 1)',
  },
  {
    name: 'the regions of the statechart do not ask the context',
    file: statechart,
    find: 'neuronStateOf(runOf(context), params.neuron) === params.state',
    replace: "params.state !== 'never'",
  },
  {
    name: 'a handler of the statechart reads for ever what it began with',
    file: statechart,
    find: '(called ? runOf(self.getSnapshot().context) : before)',
    replace: 'before',
  },
  {
    name: 'the logic lets another scope change its working set',
    file: logic,
    find: 'views.snapshot === snapshot && views.owner === scope.self',
    replace: 'views.snapshot === snapshot',
  },
  {
    name: 'a run without an actor commits what was written by a handler that failed',
    file: respond,
    find: '        fail(work, activation, error);\n        if (work.rare',
    replace: '        commit(work, activation, context, undefined);\n        if (work.rare',
  },
  {
    name: 'the statechart does not announce what is delivered',
    file: statechart,
    find: "if (effect.type === 'deliver') enqueue.raise(",
    replace: "if (effect.type === 'deliver') void (",
  },
  {
    name: 'the statechart announces the end before it is committed',
    file: config,
    find: "{ target: status, guard: { type: 'ended', params: { status } } }",
    replace: "{ target: 'completed', guard: { type: 'ended', params: { status } } }",
  },
  {
    name: 'a region leaves its checkpoint with another neuron',
    file: config,
    find: "on: on([checkpointedType, MOVED], 'idle', 'responding', 'waiting'),",
    replace: "on: on([checkpointedType, MOVED], 'idle'),",
  },
  {
    name: 'what was granted a slot asks for it again',
    file: lists,
    find: 'state !== GRANTED && subscriber.neuron.policy',
    replace: 'subscriber.neuron.policy',
  },
  {
    name: 'what is granted a slot keeps its old place',
    file: waiting,
    find: '  activation.n = work.next++;\n  activation.state = state;',
    replace: '  activation.state = state;',
  },
  {
    name: 'a gate gives any number of slots',
    file: gates,
    find: '      gate.free--;\n      return true;',
    replace: '      return true;',
  },
  {
    name: 'a run has one more active than it may',
    file: lists,
    find: 'work.active >= rare.concurrency',
    replace: 'work.active > rare.concurrency',
  },
  {
    name: 'another attempt is counted as the one before',
    file: waiting,
    find: 'attempt: attemptOf(activation) + 1',
    replace: 'attempt: attemptOf(activation)',
  },
  {
    name: 'an outcome of an earlier attempt is taken',
    file: transition,
    find: '  if (attemptOf(found) !== (event.attempt ?? 1)) return false;\n',
    replace: '',
  },
  {
    name: 'an error that is final is tried again',
    file: retry,
    find: 'error instanceof EngramError && !error.retryable;',
    replace: 'false;',
  },
  {
    name: 'what is due goes by its place and not by its time',
    file: deadlines,
    find: 'dueOf(a) < dueOf(b) || (dueOf(a) === dueOf(b) && a.n < b.n)',
    replace: 'a.n < b.n',
  },
  {
    name: 'what a milestone held forgets its time',
    file: transition,
    find: 'held.state = readyState(held);',
    replace: 'held.state = QUEUED;',
  },
  {
    name: 'a signal meets who has waited shortest',
    file: expecting,
    find: 'rare.expectations.get(channel)?.values().next().value;',
    replace: '[...(rare.expectations.get(channel)?.values() ?? [])].at(-1);',
  },
  {
    name: 'an expectation does not wait for the checkpoint',
    file: expecting,
    find: '  if (barrier !== null) {',
    replace: '  if (barrier === undefined) {',
  },
  {
    name: 'an early signal that is taken starts nobody',
    file: expecting,
    find: '  met.push(expectation);\n  enqueueOutside(work, channel, signal, effects);\n',
    replace: '  met.push(expectation);\n',
  },
  {
    name: 'a sized join takes one of each',
    file: joins,
    find: 'return first === undefined ? 1 : (detailsOf(first).size ?? 1);',
    replace: 'return 1;',
  },
  {
    name: 'what arrives at a join is of the same set, whatever its key',
    file: joins,
    find: 'const key = detailsOf(arrival).key as string;',
    replace: "const key = '';",
  },
  {
    name: 'hops are counted for what arrives at a join',
    file: failing,
    find: 'rare.hops !== null && arrival === null && ',
    replace: 'rare.hops !== null && ',
  },
  {
    name: 'what is active does not count as unsettled',
    file: failing,
    find: 'work.pending + work.active >= rare.maxFrontier',
    replace: 'work.pending >= rare.maxFrontier',
  },
  {
    name: 'only what has settled last is undone',
    file: ending,
    find: '  rare.owed = owed.older;',
    replace: '  rare.owed = null;',
  },
  {
    name: 'what undoes does not wait for the checkpoint',
    file: ending,
    find: '  if (rare.hold) {\n    const barrier',
    replace: '  if (rare.hold && rare.failed.length > 1000) {\n    const barrier',
  },
  {
    name: 'a value is dropped although something can reach it',
    file: cleanup,
    find: 'if (before === 0) stack.push(',
    replace: 'if (before < 0) stack.push(',
  },
  {
    name: 'an old snapshot owes what a newer one does',
    file: rewind,
    find: '...(ledger === null ? NOTHING : ledgerImage(ledger)),',
    replace: '...(ledger === null ? NOTHING : ledgerImage(ledger)),\n    owed: newest.owed,',
  },
  {
    name: 'a restored slot is lost',
    file: image,
    find: '  if (state === GRANTED) activation.state = GRANTED;\n',
    replace: '',
  },
  {
    name: 'a region does not hear that its expectation has ended',
    file: config,
    find: "on: on([...neuron.listens, respondedType, failedType, MOVED], 'responding', ...storing, 'idle'),",
    replace: "on: on([...neuron.listens, MOVED], 'responding', ...storing, 'idle'),",
  },
  {
    name: 'what is not to start any more still waits for a slot',
    file: bodies,
    find: '      this.#flow.gates.forget(neuron, asker);\n',
    replace: '',
  },
  {
    name: 'what arrives at a join counts as settled',
    file: arriving,
    find: '  leave(work, activation);\n  const details = {',
    replace: '  leave(work, activation);\n  work.settled++;\n  const details = {',
  },
];
