import { createMachine } from 'xstate';

export const machine = createMachine({
  id: 'movies',
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
        openImport: {
          initial: 'idle',
          description: 'importMovies → openImport → nextBatch',
          meta: {
            neuron: 'openImport',
            listens: ['importMovies'],
            emits: ['nextBatch'],
            milestone: false,
          },
          states: {
            idle: {
              on: {
                importMovies: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'openImport:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
                'openImport:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                importMovies: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
                'openImport:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
                'openImport:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'openImport', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
        validateBatch: {
          initial: 'idle',
          description: 'nextBatch → validateBatch → nextBatch, allValidated, rowsTallied (milestone)',
          meta: {
            neuron: 'validateBatch',
            listens: ['nextBatch'],
            emits: ['nextBatch', 'allValidated', 'rowsTallied'],
            milestone: true,
          },
          states: {
            idle: {
              on: {
                nextBatch: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'validateBatch:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
                'validateBatch:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                nextBatch: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
                'validateBatch:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
                'validateBatch:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'validateBatch:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'validateBatch', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        byGenre: {
          initial: 'idle',
          description: 'allValidated → byGenre → genresSummarized (milestone)',
          meta: {
            neuron: 'byGenre',
            listens: ['allValidated'],
            emits: ['genresSummarized'],
            milestone: true,
          },
          states: {
            idle: {
              on: {
                allValidated: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'byGenre:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
                'byGenre:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                allValidated: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
                'byGenre:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
                'byGenre:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'byGenre:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byGenre', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        byDecade: {
          initial: 'idle',
          description: 'allValidated → byDecade → decadesSummarized (milestone)',
          meta: {
            neuron: 'byDecade',
            listens: ['allValidated'],
            emits: ['decadesSummarized'],
            milestone: true,
          },
          states: {
            idle: {
              on: {
                allValidated: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'byDecade:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
                'byDecade:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                allValidated: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
                'byDecade:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
                'byDecade:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'byDecade:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'byDecade', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        boxOffice: {
          initial: 'idle',
          description: 'allValidated → boxOffice → boxOfficeMeasured (milestone)',
          meta: {
            neuron: 'boxOffice',
            listens: ['allValidated'],
            emits: ['boxOfficeMeasured'],
            milestone: true,
          },
          states: {
            idle: {
              on: {
                allValidated: [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'boxOffice:responded': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
                'boxOffice:failed': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                allValidated: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
                'boxOffice:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
                'boxOffice:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'checkpointing',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'checkpointing' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                ],
              },
            },
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: {
                'boxOffice:checkpointed': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'idle' } },
                  },
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'boxOffice', state: 'waiting' } },
                  },
                ],
              },
            },
          },
        },
        joinReport: {
          initial: 'idle',
          description: 'rowsTallied, genresSummarized, decadesSummarized, boxOfficeMeasured → joinReport → reportJoined',
          meta: {
            neuron: 'joinReport',
            listens: ['rowsTallied', 'genresSummarized', 'decadesSummarized', 'boxOfficeMeasured'],
            emits: ['reportJoined'],
            milestone: false,
          },
          states: {
            idle: {
              on: {
                rowsTallied: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                ],
                genresSummarized: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                ],
                decadesSummarized: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                ],
                boxOfficeMeasured: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'joinReport:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                'joinReport:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                rowsTallied: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                genresSummarized: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                decadesSummarized: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                boxOfficeMeasured: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                'joinReport:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                'joinReport:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'joinReport', state: 'idle' } },
                  },
                ],
              },
            },
          },
        },
        writeReport: {
          initial: 'idle',
          description: 'reportJoined → writeReport → reportWritten',
          meta: {
            neuron: 'writeReport',
            listens: ['reportJoined'],
            emits: ['reportWritten'],
            milestone: false,
          },
          states: {
            idle: {
              on: {
                reportJoined: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'waiting' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'waiting' } },
                  },
                ],
              },
            },
            responding: {
              tags: ['busy'],
              on: {
                'writeReport:responded': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
                'writeReport:failed': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'waiting',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'waiting' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
              },
            },
            waiting: {
              tags: ['waiting'],
              description: 'waits for a time, or for a signal from outside',
              on: {
                reportJoined: [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
                'writeReport:responded': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
                'writeReport:failed': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
                  },
                ],
                'engram.moved': [
                  {
                    target: 'responding',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'responding' } },
                  },
                  {
                    target: 'idle',
                    guard: { type: 'is', params: { neuron: 'writeReport', state: 'idle' } },
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
