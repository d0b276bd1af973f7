/** `engram graph`: draws a flow. The picture is all that is printed, so that it can be piped. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { memoryStore } from '../../../adapters/memory.js';
import { createStatechartConfig } from '../../../machines/statechart-config.js';
import {
  type DrawingOptions,
  getPicture,
  readProgress,
  type RunProgress,
  toDot,
  toMermaid,
  toStately,
  toSvg,
} from '../../../visualizations/index.js';
import { systemClock } from '../../clock/clock.js';
import { describeError } from '../../errors/index.js';
import type { CNS } from '../../index.js';
import { FLOW } from '../../propagation/operations.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { type FlowModule, loadFlowModule } from '../flow-module.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';

export interface GraphOptions {
  readonly format?: string;
  readonly view?: string;
  readonly direction?: string;
  readonly run?: string;
  readonly out?: string;
  readonly store?: string;
}

const FORMATS = ['mermaid', 'dot', 'svg', 'stately', 'json'] as const;
const VIEWS = ['graph', 'statechart'] as const;
const DIRECTIONS = ['LR', 'TB'] as const;

export async function graph(path: string, options: GraphOptions, output: Output): Promise<number> {
  const format = chosen(
    '--format',
    options.format ?? formatOf(options.out) ?? (output.isJson ? 'json' : 'mermaid'),
    FORMATS,
  );
  const view = chosen('--view', options.view ?? 'graph', VIEWS);
  const direction = chosen('--direction', options.direction ?? 'LR', DIRECTIONS);
  if (options.run !== undefined && (view === 'statechart' || format === 'stately')) {
    throw new UsageError('--run colours the neurons, which this picture does not show', {
      hint: 'leave --run out, or draw it with --view graph as mermaid, dot, svg or json',
    });
  }
  const flow = await loadFlowModule(path);
  const cns = await flow.cns({ store: memoryStore(), clock: systemClock });
  const run = options.run === undefined ? undefined : await storedProgress(cns, options.run, options.store);
  const text = await draw(cns, format, {
    view,
    direction,
    ...entryOf(flow),
    ...(run === undefined ? {} : { run }),
  });
  const { out } = options;
  if (out === undefined) {
    if (output.isJson) output.document(format === 'json' ? JSON.parse(text) : { format, text });
    else output.write(text);
  } else {
    write(out, text);
    output.document({ file: out, format });
    output.line(`${out}: ${cns.network.neurons.length} neurons as ${format}`);
  }
  return EXIT.completed;
}

function chosen<T extends string>(option: string, given: string, known: readonly T[]): T {
  const found = known.find((name) => name === given);
  if (found !== undefined) return found;
  throw new UsageError(`${option} "${given}" is not known`, { hint: `there are: ${known.join(', ')}` });
}

async function storedProgress(cns: CNS, id: string, url: string | undefined): Promise<RunProgress> {
  const store = openStoredRuns(storeUrl(url), 'graph --run', systemClock);
  try {
    return await readProgress(cns, store, id);
  } finally {
    await store.close();
  }
}

/** Those of the module, where it exports any. */
const entryOf = ({ entries }: FlowModule): Pick<DrawingOptions, 'entry'> =>
  entries.length === 0 ? {} : { entry: Object.fromEntries(entries.map((entry, index) => [`${index}`, entry])) };

const EXTENSIONS: Readonly<Record<string, (typeof FORMATS)[number]>> = {
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.dot': 'dot',
  '.gv': 'dot',
  '.svg': 'svg',
  '.json': 'json',
  '.js': 'stately',
  '.ts': 'stately',
};

/** What the name of the file says. @throws UsageError when it says nothing */
function formatOf(out: string | undefined): string | undefined {
  if (out === undefined) return undefined;
  const found = EXTENSIONS[extname(out)];
  if (found !== undefined) return found;
  throw new UsageError(`${out} does not say by its extension what to draw`, {
    hint: `name it *${Object.keys(EXTENSIONS).join(', *')}, or give --format: ${FORMATS.join(', ')}`,
  });
}

async function draw(cns: CNS, format: (typeof FORMATS)[number], options: DrawingOptions): Promise<string> {
  switch (format) {
    case 'mermaid':
      return toMermaid(cns, options);
    case 'dot':
      return toDot(cns, options);
    case 'svg':
      return await toSvg(cns, options);
    case 'stately':
      return toStately(cns);
    default:
      return `${JSON.stringify(documentOf(cns, options), undefined, 2)}\n`;
  }
}

function documentOf(cns: CNS, options: DrawingOptions): object {
  if (options.view === 'statechart') return createStatechartConfig(cns[FLOW].graph);
  return { ...getPicture(cns, options), run: options.run ?? null };
}

function write(out: string, text: string): void {
  try {
    writeFileSync(out, text);
  } catch (cause) {
    throw new UsageError(`${out} cannot be written: ${describeError(cause)}`, {
      cause,
      hint: 'name a file in a directory that is there',
    });
  }
}
