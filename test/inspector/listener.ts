/**
 * Who listens to an inspector: a real WebSocket server that hands on what it is told, as the package's own does, and the
 * package's own receiver at its other end.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';

interface Client {
  send(text: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: Buffer) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

interface Server extends NodeJS.EventEmitter {
  readonly clients: Set<Client>;
  address(): AddressInfo;
  close(closed: () => void): void;
}

// the client and the server that the package itself depends on
const { WebSocket, WebSocketServer } = createRequire(createRequire(import.meta.url).resolve('@statelyai/inspect'))(
  'ws',
) as {
  WebSocket: new (url: string) => Client;
  WebSocketServer: new (options: { readonly port: number }) => Server;
};

type Snapshotted = Extract<StatelyInspectionEvent, { snapshot: unknown }>;
type ActorEvent = Extract<StatelyInspectionEvent, { type: '@xstate.actor' }>;

/** The messages that somebody is sent who connects to a server that is there, until there are so many. */
export async function messagesFrom(url: string, count: number): Promise<StatelyInspectionEvent[]> {
  const messages: StatelyInspectionEvent[] = [];
  const client = new WebSocket(url);
  await new Promise<void>((resolve) => {
    client.on('message', (data) => {
      messages.push(JSON.parse(String(data)) as StatelyInspectionEvent);
      if (messages.length === count) resolve();
    });
  });
  client.terminate();
  return messages;
}

export class Listener {
  readonly messages: StatelyInspectionEvent[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  /** How many clients have come, and gone. */
  came = 0;
  gone = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client: Client) => {
      this.came++;
      client.on('message', (data) => {
        for (const other of server.clients) if (other !== client) other.send(String(data));
      });
      client.on('close', () => {
        this.gone++;
        this.#look();
      });
      this.#look();
    });
  }

  /** @param port any that is free unless told */
  static async open(port = 0): Promise<Listener> {
    const server = new WebSocketServer({ port });
    await once(server, 'listening');
    const listener = new Listener(server);
    const hasCome = listener.until(() => listener.came === 1);
    createWebSocketReceiver({ server: listener.url }).subscribe((message) => {
      listener.messages.push(message);
      listener.#look();
    });
    await hasCome;
    return listener;
  }

  get port(): number {
    return this.#server.address().port;
  }

  get url(): string {
    return `ws://localhost:${this.port}`;
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves when it is so. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!isSo()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the snapshot of a run that has ended. */
  async end(id: string): Promise<Record<string, unknown>> {
    const find = () => this.#snapshots(id).findLast(({ status }) => status !== 'active');
    await this.until(() => find() !== undefined);
    return find() as Record<string, unknown>;
  }

  #snapshots(id: string): Record<string, unknown>[] {
    const of = this.messages.filter(
      (message): message is Snapshotted => message.sessionId === id && 'snapshot' in message,
    );
    return of.map(({ snapshot }) => snapshot as unknown as Record<string, unknown>);
  }

  snapshotsOf(id: string): Record<string, unknown>[] {
    return this.#snapshots(id);
  }

  get actors(): ActorEvent[] {
    return this.messages.filter((message) => message.type === '@xstate.actor');
  }

  /** Events as lines: who sends what to whom. The run itself is `run`, who is not part of it `outside`. */
  get story(): string[] {
    return this.events.map(({ from, to, event }) => `${from} → ${to}: ${event.type}`);
  }

  get events(): { readonly from: string; readonly to: string; readonly event: { type: string; [key: string]: any } }[] {
    return this.messages.flatMap((message) => {
      if (message.type !== '@xstate.event') return [];
      const { sourceId, sessionId, rootId } = message;
      const partyOf = (id: string) => (id === rootId ? 'run' : id.slice((rootId ?? '').length + 1));
      return [
        { from: sourceId === undefined ? 'outside' : partyOf(sourceId), to: partyOf(sessionId), event: message.event },
      ];
    });
  }

  /** All that came over the wire. */
  get text(): string {
    return JSON.stringify(this.messages);
  }

  /** Reads nothing of what anybody sends. */
  pause(): void {
    for (const client of this.#server.clients) client.pause();
  }

  resume(): void {
    for (const client of this.#server.clients) client.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(resolve));
    for (const client of this.#server.clients) client.terminate();
    await closed;
  }
}
