/** Faults to be planted. Each is one edit of one file; what it looks for must be there exactly once. */
export interface Patch {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const transition = 'src/propagation/transition.ts';
const work = 'src/propagation/work.ts';
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
    file: transition,
    find: 'for (let i = 0; i < answer.length; i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
    replace:
      'for (let i = 0; i < Math.min(1, answer.length); i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
  },
  {
    name: 'the signals of an array are enqueued last first',
    file: transition,
    find: 'for (let i = 0; i < answer.length; i++) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
    replace:
      'for (let i = answer.length - 1; i >= 0; i--) {\n    const { collateral, payload } = answer[i] as AnswerSignal;',
  },
  {
    name: 'a wrong answer commits its writes before it fails',
    file: transition,
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
    file: transition,
    find: '  if (!neuron.milestone || work.rare === null || !work.rare.hold) return null;',
    replace:
      '  if (!neuron.milestone || neuron.emits.length === 0 || work.rare === null || !work.rare.hold) return null;',
  },
  {
    name: 'a delivery id is not remembered',
    file: transition,
    find: '  deliveries.add(deliveryId);\n',
    replace: '',
  },
  {
    name: 'resuming puts what was in flight behind the queue',
    file: transition,
    find: '  work.flightTail.next = work.queueHead;\n  work.queueTail ??= work.flightTail;\n  work.queueHead = work.flightHead;',
    replace:
      '  if (work.queueTail === null) work.queueHead = work.flightHead;\n  else work.queueTail.next = work.flightHead;\n  work.queueTail = work.flightTail;',
  },
  {
    name: 'an abort forgets what is held',
    file: transition,
    find: '    failed.push(failureOf(activation, error, true));',
    replace: '    if (activation.state !== HELD) failed.push(failureOf(activation, error, true));',
  },
  {
    name: 'a run with a failure is completed',
    file: transition,
    find: "failedOf(work).length === 0 ? 'completed' : 'failed'",
    replace: "failedOf(work).length >= 0 ? 'completed' : 'failed'",
  },
  {
    name: 'what is held is not in the frontier',
    file: work,
    find: '  yield* held.sort((a, b) => a.n - b.n);',
    replace: '  held.sort((a, b) => a.n - b.n);',
  },
  {
    name: 'the undo log misses the value that was there before',
    file: transition,
    find: 'had: values.has(neuron), old: values.get(neuron) });',
    replace: 'had: false, old: undefined });',
  },
  {
    name: 'the undo log misses that an activation began',
    file: work,
    find: '  if (work.views !== null) remember(work, activation);\n  work.queueHead = activation.next;',
    replace: '  work.queueHead = activation.next;',
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
    find: "const state = image.state === 'held' && behind !== undefined ? HELD : QUEUED;",
    replace: 'const state = QUEUED;',
  },
  {
    name: 'a handler does not read its own writes',
    file: respond,
    find: 'let value = this.#staged === undefined ? this.#committed() : this.#staged.value;',
    replace: 'let value = this.#committed();',
  },
  {
    name: 'two handlers are starting at once',
    file: work,
    find: "if (activation === null || work.starting !== null || work.status !== 'running') return null;",
    replace: "if (activation === null || work.status !== 'running') return null;",
  },
  {
    name: 'a late answer after an abort is applied',
    file: outcome,
    find: "if (activation.state >= BARRIER || work.status !== 'running') return true;",
    replace: '',
  },
  {
    name: 'a restored logic does not resume what was in flight',
    file: logic,
    find: "if ((work.views as ActorViews).restored) apply(work, { type: 'engram.resume' });",
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
    file: work,
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
    find: '      fail(work, activation, error);\n      if (work.recorder',
    replace: '      commit(work, activation, context, undefined);\n      if (work.recorder',
  },
  {
    name: 'the statechart does not announce what is delivered',
    file: statechart,
    find: "if (effect.type === 'deliver') enqueue.raise(announce(effect.collateral));",
    replace: "if (effect.type === 'deliver') continue;",
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
    find: "on: on([checkpointedType], 'idle', 'responding'),",
    replace: "on: on([checkpointedType], 'idle'),",
  },
];
