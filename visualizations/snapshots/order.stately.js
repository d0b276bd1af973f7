import { createMachine } from 'xstate';

export const machine = createMachine({
  id: 'order',
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
        accept: {
          initial: 'idle',
          description: 'placeOrder → accept → accepted',
          meta: { neuron: 'accept', listens: ['placeOrder'], emits: ['accepted'], milestone: false },
          states: {
            idle: {
              on: {
                placeOrder: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'accept:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
                'accept:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                placeOrder: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
                'accept:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
                'accept:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'accept', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
        reserve: {
          initial: 'idle',
          description: 'accepted → reserve → reserved (milestone; can be undone)',
          meta: {
            neuron: 'reserve',
            listens: ['accepted'],
            emits: ['reserved'],
            milestone: true,
            compensates: true,
          },
          states: {
            idle: {
              on: {
                accepted: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'reserve:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
                'reserve:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                accepted: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
                'reserve:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
                'reserve:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'reserve:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'reserve', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        approve: {
          initial: 'idle',
          description: 'reserved, approved → approve → cleared, expired (waits for approved)',
          meta: {
            neuron: 'approve',
            listens: ['reserved', 'approved'],
            emits: ['cleared', 'expired'],
            milestone: false,
            expects: ['approved'],
          },
          states: {
            idle: {
              on: {
                reserved: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                ],
                approved: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'approve:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                'approve:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                reserved: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                approved: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                'approve:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                'approve:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'approve', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
        expire: {
          initial: 'idle',
          description: 'expired → expire → nothing',
          meta: { neuron: 'expire', listens: ['expired'], emits: [], milestone: false },
          states: {
            idle: {
              on: {
                expired: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'expire:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
                'expire:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                expired: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
                'expire:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
                'expire:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'expire', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
        charge: {
          initial: 'idle',
          description: 'cleared → charge → charged (milestone; can be undone)',
          meta: {
            neuron: 'charge',
            listens: ['cleared'],
            emits: ['charged'],
            milestone: true,
            compensates: true,
          },
          states: {
            idle: {
              on: {
                cleared: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'charge:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
                'charge:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                cleared: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
                'charge:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
                'charge:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'charge:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'charge', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        ship: {
          initial: 'idle',
          description: 'charged → ship → shipped',
          meta: { neuron: 'ship', listens: ['charged'], emits: ['shipped'], milestone: false },
          states: {
            idle: {
              on: {
                charged: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'ship:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
                'ship:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                charged: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
                'ship:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
                'ship:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'ship', state: 'idle' } },
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
