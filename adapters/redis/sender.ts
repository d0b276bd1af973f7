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
  readonly keys: string[];
  /** The first one tells the script whether the call was sent before. */
  readonly arguments: string[];
}

interface Waiting {
  readonly call: Outgoing;
  readonly isAnswered: (reply: Reply) => void;
  readonly hasFailed: (error: unknown) => void;
}

const MOST_CALLS = 64;
/** Of one call that goes with others. */
const MOST_ARGUMENTS = 500;

export class Sender {
  readonly #client: RedisClient;
  #mayJoin: boolean;
  #waiting: Waiting[] = [];

  constructor(client: RedisClient, mayJoin: boolean) {
    this.#client = client;
    this.#mayJoin = mayJoin;
  }

  /** @param isAlone nothing else is on its way, so that there is nothing to wait for */
  send(call: Outgoing, isAlone: boolean): Promise<Reply> {
    const joins = this.#mayJoin && !isAlone && call.script === SCRIPTS.save && call.arguments.length <= MOST_ARGUMENTS;
    if (!joins) return this.#run(call.script, call.keys, call.arguments);
    return new Promise((isAnswered, hasFailed) => {
      this.#waiting.push({ call, isAnswered, hasFailed });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
      else if (this.#waiting.length === MOST_CALLS) this.#flush();
    });
  }

  #flush(): void {
    const waiting = this.#waiting.splice(0);
    const [first] = waiting;
    if (first === undefined) return;
    if (waiting.length === 1) this.#alone(first);
    else void this.#together(waiting);
  }

  #alone({ call, isAnswered, hasFailed }: Waiting): void {
    this.#run(call.script, call.keys, call.arguments).then(isAnswered, hasFailed);
  }

  async #together(waiting: readonly Waiting[]): Promise<void> {
    const keys: string[] = [];
    const args: string[] = [];
    for (const { call } of waiting) {
      keys.push(...call.keys);
      args.push(String(call.keys.length), String(call.arguments.length), ...call.arguments);
    }
    try {
      const replies = (await this.#run(SCRIPTS.saves, keys, args)) as readonly Reply[];
      waiting.forEach(({ isAnswered, hasFailed }, i) => {
        const reply = replies[i] as Reply;
        if (Array.isArray(reply) && reply[0] === 'error') hasFailed(new Error(String(reply[1])));
        else isAnswered(reply);
      });
    } catch (error) {
      if (wordOf(error) === 'CROSSSLOT') {
        this.#mayJoin = false;
        for (const one of waiting) this.#alone(one);
      } else for (const { hasFailed } of waiting) hasFailed(error);
    }
  }

  #run(script: Script, keys: string[], args: string[]): Promise<Reply> {
    const options = { keys, arguments: args };
    return this.#client.evalSha(script.sha, options).catch((error: unknown) => {
      if (wordOf(error) !== 'NOSCRIPT') throw error;
      return this.#client.eval(script.text, options);
    }) as Promise<Reply>;
  }
}
