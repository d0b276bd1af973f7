/** Faults planted in a copy of the engine, each of which loses or repeats something once in a while. */
import type { Patch } from '../../support/copies.js';

const keeper = 'src/stimulation/keeper.ts';
const changes = 'src/durability/changes.ts';
const settling = 'src/propagation/settling.ts';
const expecting = 'src/propagation/expecting.ts';
const ending = 'src/propagation/ending.ts';
const image = 'src/propagation/image.ts';
const parts = 'src/durability/parts.ts';
const gates = 'src/propagation/gates.ts';
const memory = 'adapters/memory.ts';

const SAVE = '        await this.#store.save(saveOf(work.id, lease, draft, ackInbox, ends, leaves));\n';

export const ENGINE_MUTANTS: readonly Patch[] = [
  {
    name: 'I1: a settlement is split in two: its context writes follow after its signals',
    file: settling,
    find: '  if (writes !== undefined) write(work, neuron.name, writes.value);\n  return neuron.leavesNothing',
    replace:
      '  if (writes !== undefined) void Promise.resolve().then(() => write(work, neuron.name, writes.value));\n  return neuron.leavesNothing',
  },
  {
    name: 'I1: what has settled stays in the checkpoint',
    file: changes,
    find: '    for (const { cause } of this.#left) parts.set(partOf.activation(cause), null);\n',
    replace: '',
  },
  {
    name: 'I1: context writes are not part of the checkpoint',
    file: changes,
    find: '    this.#values.add(neuron);\n  }',
    replace: '    void neuron;\n  }',
  },
  {
    name: 'I2: what waits behind a milestone is not stored with it',
    file: changes,
    find: '    for (const activation of this.#placed) {\n      parts.set',
    replace:
      '    for (const activation of this.#placed) {\n      if (activation.link !== null) continue;\n      parts.set',
  },
  {
    name: 'I2: an activation that is brought back has another id',
    file: image,
    find: '  parseCause(activation, image.activation);\n  const behind',
    replace: '  parseCause(activation, image.activation);\n  activation.cause1 ^= 1;\n  const behind',
  },
  {
    name: 'I2: what has arrived at a join is not brought back',
    file: image,
    find: '  for (const image of context.joined) addJoined(work, arrivalFrom(flow, image));\n',
    replace: '',
  },
  {
    name: 'I2: the number of the attempt is forgotten',
    file: parts,
    find: '    ...detailsIn(details as Details),\n    ...(otherwiseOf',
    replace: '    ...detailsIn({ ...details, attempt: undefined } as unknown as Details),\n    ...(otherwiseOf',
  },
  {
    name: 'I2: what a delay waits for is forgotten',
    file: parts,
    find: '    ...detailsIn(details as Details),\n    ...(otherwiseOf',
    replace:
      '    ...detailsIn((details.expects === undefined ? { ...details, due: undefined } : details) as unknown as Details),\n    ...(otherwiseOf',
  },
  {
    name: 'I2: what is to be undone is not brought back',
    file: parts,
    find: '    owed: owed.sort(([a], [b]) => a - b).map(([, settled]) => settled),\n',
    replace: '    owed: owed.slice(0, 0).map(([, settled]) => settled),\n',
  },
  {
    name: 'I2: a signal that came twice is taken twice',
    file: expecting,
    find: '  if (deliveries.has(deliveryId)) return false;\n',
    replace: '',
  },
  {
    name: 'I3: a run that is brought back counts on from one too few, and its store does not check',
    file: memory,
    find: '    if (request.seq <= newest) throw new StaleCheckpointError(request.id, request.seq, newest);\n',
    replace: '    if (request.seq < 0) throw new StaleCheckpointError(request.id, request.seq, newest);\n',
    and: {
      file: 'src/stimulation/drafts.ts',
      find: '    this.#seq = stored.newestSeq;\n',
      replace: '    this.#seq = stored.newestSeq - 1;\n',
    },
  },
  {
    name: 'I4: what a milestone holds is let go before its checkpoint is stored',
    file: keeper,
    find: SAVE,
    replace: `        for (const barrier of attempt.barriers) this.#release(barrier);\n${SAVE}`,
  },
  {
    name: 'I4: a save that was refused counts as stored',
    file: keeper,
    find: '        if (ends && (await this.#inbox.readUnread(refused))) continue;\n',
    replace: '        if (!ends) return this.#onStored(attempt);\n',
  },
  {
    name: 'I5: a store takes a save of an owner that has lost its lease',
    file: memory,
    find: '    if (run.fence !== fence) throw new StaleOwnerError(id, fence, run.fence);\n',
    replace: '',
  },
  {
    name: 'I2: nobody who waits for a slot gets one that is given back',
    file: gates,
    find: '    this.#open.push(freed);\n',
    replace: '',
  },
  {
    name: 'I4: what undoes does not wait for the checkpoint that says so',
    file: ending,
    find: '  if (rare.hold) {\n    const barrier = new Activation(work.next++, subscriber',
    replace: '  if (rare.hold && work.next < 0) {\n    const barrier = new Activation(work.next++, subscriber',
  },
];
