/** A TCP proxy that misbehaves when it is told to: it stands between a client and a real server. */
import { createServer, connect, type Server, type Socket } from 'node:net';

/** What happens to a piece of the server's answer, or of the client's request. */
export type Fate = 'pass' | 'cut before' | 'cut in the middle' | 'cut after' | 'hold';

export interface Piece {
  readonly from: 'client' | 'server';
  /** Counted from 1, for both directions together. */
  readonly n: number;
  readonly bytes: Buffer;
}

export class TcpProxy {
  /** Decides over every piece that comes by; all pass unless told otherwise. */
  fate: (piece: Piece) => Fate = () => 'pass';
  /** Connections that are asked for are refused at once. */
  isDown = false;
  /** Milliseconds by which every piece is late. */
  delay = 0;
  /** How many pieces have come by. */
  pieces = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param to the port of the real server on this host */
  static async before(to: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server);
    server.on('connection', (client) => proxy.#join(client, to));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** Cuts every connection there is; new ones may be made. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, to: number): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const server = connect(to, '127.0.0.1');
    const both = [client, server];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        for (const each of both) {
          each.destroy();
          this.#sockets.delete(each);
        }
      });
    }
    client.on('data', (bytes) => this.#carry('client', bytes, server, client));
    server.on('data', (bytes) => this.#carry('server', bytes, client, server));
  }

  #carry(from: Piece['from'], bytes: Buffer, to: Socket, source: Socket): void {
    this.pieces += 1;
    const fate = this.fate({ from, n: this.pieces, bytes });
    const end = (): void => {
      to.end();
      source.destroy();
    };
    if (fate === 'hold') return;
    if (fate === 'cut before') end();
    else if (fate === 'cut in the middle') to.write(bytes.subarray(0, bytes.length >> 1), end);
    else if (fate === 'cut after') to.write(bytes, end);
    else if (this.delay > 0) setTimeout(() => to.destroyed || to.write(bytes), this.delay);
    else to.write(bytes);
  }
}
