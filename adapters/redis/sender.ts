/**
 * Sends scripts to one client. Saves of several runs that come in one turn of the event loop go out as one call: what a
 * call costs beside its work, on both sides, is most of it. Each is answered for itself, and one that fails touches no
 * other. A call that is alone goes out at once.
 *
 * Not on a cluster, where one call may touch one slot only: neither through a client that was given, which may be one of
 * a cluster, nor after a server has said that it is part of one.
 */
import { wordOf } from './failures.js';
import type { RedisClient } from './open-client.js';
import { SCRIPTS, type Script } from './scripts.js';

export type Reply = string | number | null | readonly Reply[];

export interface Outgoing {
  readonly script: Script;
  readonly keys: readonly string[];
  /** Behind the first one of every script, which says whether the call was sent before. */
  readonly args: readonly string[];
  readonly wasSent: boolean;
  onReply(reply: Reply): void;
  onError(error: unknown): void;
}

/** So few that the server works on the first ones while the last are made. */
const MOST_CALLS = 12;
/** Of one call that goes with others. */
const MOST_LETTERS = 65_536;

export class Sender {
  readonly #client: RedisClient;
  #mayJoin: boolean;
  #waiting: Outgoing[] = [];

  constructor(client: RedisClient, mayJoin: boolean) {
    this.#client = client;
    this.#mayJoin = mayJoin;
  }

  /** @param isAlone nothing else is on its way, so that there is nothing to wait for */
  send(call: Outgoing, isAlone: boolean): void {
    if (call.script !== SCRIPTS.steps) {
      const { script, keys, args, wasSent } = call;
      const options = { keys: [...keys], arguments: [wasSent ? '1' : '0', ...args] };
      this.#run(
        script,
        options,
        (reply) => call.onReply(reply),
        (error) => call.onError(error),
      );
      return;
    }
    if (!this.#mayJoin || isAlone || isLarge(call)) {
      this.#together([call]);
      return;
    }
    this.#waiting.push(call);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    else if (this.#waiting.length === MOST_CALLS) this.#flush();
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) this.#together(waiting);
  }

  #together(waiting: readonly Outgoing[]): void {
    const keys: string[] = [];
    const args = ['0'];
    for (const call of waiting) {
      for (const key of call.keys) keys.push(key);
      for (const arg of call.args) args.push(arg);
    }
    const onReply = (replies: Reply): void =>
      waiting.forEach((call, i) => {
        const reply = (replies as readonly Reply[])[i] as Reply;
        if (Array.isArray(reply) && reply[0] === 'error') call.onError(new Error(String(reply[1])));
        else call.onReply(reply);
      });
    const onError = (error: unknown): void => {
      const isOnCluster = wordOf(error) === 'CROSSSLOT';
      if (isOnCluster) this.#mayJoin = false;
      for (const call of waiting) {
        if (isOnCluster && waiting.length > 1) this.#together([call]);
        else call.onError(error);
      }
    };
    this.#run(SCRIPTS.steps, { keys, arguments: args }, onReply, onError);
  }

  #run(
    script: Script,
    options: { keys: string[]; arguments: string[] },
    onReply: (reply: Reply) => void,
    failed: (error: unknown) => void,
  ): void {
    const answered = (reply: unknown): void => onReply(reply as Reply);
    this.#client.evalSha(script.sha, options).then(answered, (error: unknown) => {
      if (wordOf(error) !== 'NOSCRIPT') failed(error);
      else this.#client.eval(script.text, options).then(answered, failed);
    });
  }
}

const isLarge = ({ args }: Outgoing): boolean => (args.at(-2) as string).length > MOST_LETTERS;
