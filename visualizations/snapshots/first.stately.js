import { createMachine } from 'xstate';

export const machine = createMachine({
  id: 'first',
  version: '1',
  initial: 'running',
  context: {
    id: '',
    status: 'running',
    hold: false,
    next: 1,
    settled: 0,
    frontier: [],
    barriers: [],
    values: {},
    failed: [],
    deliveries: [],
    outputFrom: null,
    owed: [],
    early: [],
    joined: [],
  },
  entry: { type: 'propagate' },
  states: {
    running: {
      type: 'parallel',
      on: {
        '*': { guard: { type: 'accepts' }, actions: { type: 'propagate' } },
        'engram.ended.completed': { target: 'completed', guard: { type: 'ended', params: { status: 'completed' } } },
        'engram.ended.failed': { target: 'failed', guard: { type: 'ended', params: { status: 'failed' } } },
        'engram.ended.aborted': { target: 'aborted', guard: { type: 'ended', params: { status: 'aborted' } } },
      },
      states: {
        count: {
          initial: 'idle',
          description: 'scan → count → counted (milestone)',
          meta: { neuron: 'count', listens: ['scan'], emits: ['counted'], milestone: true },
          states: {
            idle: {
              on: {
                scan: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'count:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
                'count:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                scan: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
                'count:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
                'count:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'count', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'count:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'count', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'count', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'count', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        report: {
          initial: 'idle',
          description: 'counted → report → nothing',
          meta: { neuron: 'report', listens: ['counted'], emits: [], milestone: false },
          states: {
            idle: {
              on: {
                counted: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'report', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'report', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'report:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'report', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
                'report:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'report', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'report', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                counted: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
                'report:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
                'report:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'report', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'report', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
    aborted: { type: 'final' },
  },
});
