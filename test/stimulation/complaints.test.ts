import { CNS, collateral, EngramError, InvalidGraphError, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors/index.js';
import { caught } from '../support/caught.js';

const nothing = () => undefined;

describe('a nameless collateral on two axons', () => {
  const shared = () => {
    const both = collateral();
    const make = (name: string) => neuron(name, { both }).dendrite({ collateral: both, response: nothing });
    return [make('first'), make('second')];
  };

  it('is a problem of a graph that is stored, and of no other', async () => {
    const error = await caught(() => new CNS(shared(), { store: memoryStore() }));
    expect(error).toBeInstanceOf(InvalidGraphError);
    expect((error as InvalidGraphError).problems).toHaveLength(1);
    expect(new CNS(shared()).network.collaterals).toHaveLength(1);
  });
});

describe('every error', () => {
  const samples: readonly EngramError[] = [
    new errors.InvalidArgumentError('wrong', { hint: 'do it right' }),
    new errors.InvalidGraphError(['a problem']),
    new errors.InvalidPayloadError('go', ['is no text']),
    new errors.NoAfferentPathError('neuron "n"', 'm', 'p', []),
    new errors.SealedNeuronError('n'),
    new errors.UnknownCollateralError('typo', []),
    new errors.UnknownModalityError('neuron "n"', 'm', []),
    new errors.AbortedError(),
    new errors.AbortedError('enough'),
    new errors.CNSClosedError('stimulate'),
    new errors.ExpectationTimeoutError('n', 'go'),
    new errors.ForeignCollateralError('n', 'go'),
    new errors.FrontierLimitError('n', 10),
    new errors.HopLimitError('n', 10),
    new errors.IncompleteJoinError('n', '', ['a']),
    new errors.InvalidAnswerError('n', '5'),
    new errors.MaxDurationError('n', 10),
    new errors.NonRetryableError('never'),
    new errors.RetryAfterError('later', 10),
    new errors.StimulationAbortedError('x', undefined),
    new errors.StimulationFailedError('x', [], { lines: [], hint: 'look' }),
    new errors.StoredHandlerError(new Error('boom')),
    new errors.StoredHandlerError('boom'),
    new errors.UndeclaredExpectationError('n', 'go'),
    new errors.UndeliverableSignalError('x', 'go', 'it has ended'),
    new errors.UnknownNeuronError('n', 'go#0'),
    new errors.UnwantedAnswerError('n', 'what undoes'),
    new errors.AlreadyOwnedError('x', 'somebody', 0),
    new errors.CheckpointTooLargeError('the context of neuron "n"', 2000, 1000),
    new errors.CorruptCheckpointError('x', 'half a text'),
    new errors.GraphMismatchError('x', ['neuron "n"']),
    new errors.LostCheckpointError('x', 3, 1),
    new errors.UnreadMessagesError('x', 1),
    new errors.UnreadMessagesError('x', 2),
    new errors.NoValidCheckpointError('x', [], true),
    new errors.NoValidCheckpointError('x', [], false),
    new errors.NotSupportedError('the store', 'list runs'),
    new errors.RunEndedError('x', 'completed'),
    new errors.RunExistsError('x'),
    new errors.RunStrandedError('x', 'its entry does not fit'),
    new errors.RunSuspendedError('x'),
    new errors.SaveFailedError('x', 1, new Error('disk full')),
    new errors.SaveFailedError('x', 1, new errors.StoreUnavailableError('save', new Error('away'))),
    new errors.StaleCheckpointError('x', 1, 2),
    new errors.StaleOwnerError('x', 1, 2),
    new errors.StoreClosedError('the store'),
    new errors.StoreRequiredError('cns.recover()'),
    new errors.StoreUnavailableError('save', new Error('away')),
    new errors.UnknownRunError('x', 'the store'),
    new errors.UnserializableError('order.at', 'a function'),
    new errors.UnsupportedFormatError('x', 'format 9', 'format 1'),
  ];

  it('that is exported is among these samples', () => {
    const isClass = (value: unknown) => typeof value === 'function' && value.prototype instanceof EngramError;
    const classes = Object.entries(errors).flatMap(([name, value]) => (isClass(value) ? [name] : []));
    expect([...new Set(samples.map(({ name }) => name))].sort()).toEqual(classes.sort());
  });

  it.each(samples.map((error) => [error.name, error] as const))('says what to do next: %s', (_name, error) => {
    expect(error.hint).toMatch(/\w{2}/);
    expect(error.code).toMatch(/^[A-Z_]+$/);
  });
});
