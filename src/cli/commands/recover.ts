/** `engram recover`: goes on with every run of a flow that no process holds and that has something to do, and reports. */
import { describeError } from '../../errors/index.js';
import type { RecoveryReport, Stimulation } from '../../index.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { openSession, type Session, type SessionOptions } from '../session.js';
import { counted, oneLine, shellWord, timeText, visible } from '../text.js';

export interface RecoverOptions extends SessionOptions {
  readonly fromEntry?: boolean;
  readonly concurrency?: string;
}

/** How many of each kind are printed; all are counted. */
const SHOWN = 20;

export async function recover(path: string, options: RecoverOptions, output: Output): Promise<number> {
  const { fromEntry = false } = options;
  const concurrency = concurrencyOf(options.concurrency);
  const session = await openSession(path, options, output, { command: 'recover' });
  try {
    const ends = new Map<string, number>();
    const broken: Failure[] = [];
    const followed: Promise<void>[] = [];
    const follow = async (run: Stimulation): Promise<void> => {
      const end = await endOf(session, run);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (end === 'failed') broken.push({ id: run.id, error: await run.waitUntilComplete().catch(itself) });
    };
    const onRun = (run: Stimulation): void => void followed.push(follow(run));
    const report = await session.cns.recover({
      fromEntry,
      onRun,
      ...(concurrency === undefined ? {} : { concurrency }),
    });
    for (const line of linesOf(report, path, session)) output.line(line);
    await Promise.all(followed);
    session.progress.stop();
    const ended = Object.fromEntries([...ends].sort(([a], [b]) => (a < b ? -1 : 1)));
    output.document({ ...documentOf(report), ended, broken: broken.map(failureOf) });
    const text = Object.entries(ended).map(([end, count]) => `${count} ${end}`);
    if (text.length > 0) output.line(`of those brought back: ${text.join(', ')}`);
    for (const { id, error } of broken.slice(0, SHOWN)) {
      output.line(`failed ${visible(id)}: ${visible(oneLine(describeError(error)))}`);
      output.line(`  to see where it stands: engram show ${shellWord(id)}${session.storeOption}`);
    }
    return report.counts.failed > 0 || ends.has('failed') ? EXIT.failed : EXIT.completed;
  } finally {
    await session.close();
  }
}

function concurrencyOf(option: string | undefined): number | undefined {
  if (option === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(option)) return Number(option);
  throw new UsageError(`--concurrency "${option}" is no number`, { hint: 'give how many to bring back at once' });
}

/** How a run has ended here; one that only waits is let go with the others when this process ends. */
async function endOf(session: Session, run: Stimulation): Promise<string> {
  let look = (): void => undefined;
  const waits = new Promise<void>((resolve) => (look = () => run.status === 'waiting' && resolve()));
  const noMoreTurns = session.onTurn((id) => {
    if (id === run.id) look();
  });
  look();
  await Promise.race([waits, run.waitUntilComplete().then(look, look)]);
  noMoreTurns();
  return run.status;
}

function* linesOf(report: RecoveryReport, path: string, { storeOption }: Session): Generator<string> {
  const { counts, owned, damaged, failed } = report;
  yield `brought back ${counted(counts.resumed, 'run')}; ${counts.waiting} only wait, ${counts.owned} are held elsewhere, ${counts.failed} could not be brought back`;
  for (const { id, error } of owned.slice(0, SHOWN)) {
    yield `held ${visible(id)} by ${visible(error.owner)} until ${timeText(error.until)}`;
  }
  for (const { id, used, lost, problems } of damaged.slice(0, SHOWN)) {
    const from = used === 'entry' ? 'is started again from its entry' : `goes on from checkpoint ${used}`;
    yield `damaged ${visible(id)} ${from}, without ${lost.join(', ')}: ${visible(oneLine(problems.join('; ')))}`;
  }
  for (const { id, error } of failed.slice(0, SHOWN)) {
    yield `not brought back ${visible(id)}: ${visible(oneLine(describeError(error)))}`;
    if ((error as { code?: string }).code === 'NO_VALID_CHECKPOINT') {
      yield `  to start it again from its entry: engram resume ${shellWord(path)} ${shellWord(id)} --from-entry${storeOption}`;
    }
  }
}

const documentOf = ({ owned, failed, ...report }: RecoveryReport): object => ({
  ...report,
  owned: owned.map(({ id, error: { owner, until } }) => ({ id, owner, until })),
  failed: failed.map(failureOf),
});

/** A run that could not be brought back, or that has failed since. */
interface Failure {
  readonly id: string;
  readonly error: unknown;
}

const failureOf = ({ id, error }: Failure): object => ({
  id,
  error: { code: (error as { code?: string }).code, message: describeError(error) },
});

const itself = (error: unknown): unknown => error;
