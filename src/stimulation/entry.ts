/** What a run is started with, checked before anything of it exists. */
import type { ZodError, ZodType } from 'zod';
import type { Codec } from '../durability/codec.js';
import { describeError, InvalidArgumentError, InvalidPayloadError, UnknownCollateralError } from '../errors/index.js';
import { isSignal, type Signal } from '../graph/collateral.js';
import type { Channel, Graph } from '../graph/graph.js';
import type { SignalData } from '../propagation/events.js';
import type { StimulateOptions } from './options.js';

export interface Entry {
  readonly signals: readonly SignalData[];
  readonly output: string | undefined;
}

export function checkEntry(graph: Graph, given: Signal | readonly Signal[], options: StimulateOptions): Entry {
  const { id, output } = options;
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw new InvalidArgumentError('stimulate: id must be a text that is not empty', {
      hint: 'leave it out to have one made up',
    });
  }
  const signals: SignalData[] = [];
  if (!Array.isArray(given)) signals.push(checkSignal(graph, given, 0));
  else for (const signal of given as readonly unknown[]) signals.push(checkSignal(graph, signal, signals.length));
  return { signals, output: output === undefined ? undefined : channelOf(graph, output).name };
}

function checkSignal(graph: Graph, signal: unknown, index: number): SignalData {
  if (!isSignal(signal)) {
    throw new InvalidArgumentError(`stimulate: entry ${index} is no signal`, {
      hint: 'cns.stimulate(order.createSignal(payload))',
    });
  }
  const channel = channelOf(graph, signal.collateral);
  return { collateral: channel.name, payload: checkPayload(channel, signal.payload) };
}

export function channelOf(graph: Graph, collateral: unknown): Channel {
  const channel =
    typeof collateral === 'string'
      ? graph.channels.get(collateral)
      : graph.channelByCollateral.get(collateral as Channel['collateral']);
  if (channel !== undefined) return channel;
  const name = typeof collateral === 'string' ? collateral : (collateral as { name?: string } | null)?.name;
  throw new UnknownCollateralError(name ?? '(unnamed)', [...graph.channels.keys()]);
}

/** @returns the payload as its schema gives it back */
export function checkPayload(channel: Channel, payload: unknown): unknown {
  const { schema } = channel.collateral;
  if (schema === undefined) return payload;
  const checked = parseNow(channel, schema, payload);
  if (checked.success) return checked.data;
  throw new InvalidPayloadError(channel.name, issuesOf(checked.error), checked.error);
}

function parseNow(channel: Channel, schema: ZodType, payload: unknown): ReturnType<ZodType['safeParse']> {
  try {
    return schema.safeParse(payload);
  } catch (cause) {
    throw new InvalidArgumentError(`the schema of "${channel.name}" did not answer at once: ${describeError(cause)}`, {
      cause,
      hint: 'a schema must not be async, nor throw; do what takes time in a handler',
    });
  }
}

export const issuesOf = (error: ZodError): string[] =>
  error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));

/** An entry as it is stored and compared. */
export const encodeEntry = (entry: Entry, codec: Codec): string =>
  codec.encode({ signals: entry.signals, output: entry.output ?? null }, 'entry');
