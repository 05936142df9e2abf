/**
 * A guest of the arena without a page: the page's own client over a WebSocket, with checksums on every snapshot.
 *
 * @module
 */
import { SnapshotStatus } from "../../src/realtime/mod.ts";
import { ArenaClient } from "../../examples/arena/client/arena_client.ts";
import { encodeControl, type Request, type Status } from "../../examples/arena/protocol/control.ts";
import { eventually, within } from "./waiting.ts";

const INPUT_MS = 50;

/** A guest. */
export class ArenaGuest implements AsyncDisposable {
  /** The client: what it has been sent, and where it steers. */
  readonly client: ArenaClient;
  /** What the server has told, the newest last. */
  readonly statuses: Status[] = [];
  /** How many snapshots were applied. */
  applied = 0;
  readonly #socket: WebSocket;
  readonly #closed: Promise<CloseEvent>;
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.client = new ArenaClient({
      onStatus: (status) => this.statuses.push(status),
      onSnapshot: (status) => {
        if (status === SnapshotStatus.Applied) this.applied++;
      },
    });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.client.handleMessage(new Uint8Array(data as ArrayBuffer), performance.now());
    this.#closed = new Promise((resolve) => socket.onclose = resolve);
    this.#timer = setInterval(() => this.send(this.client.input(performance.now())), INPUT_MS);
  }

  /**
   * Joins an arena.
   *
   * @param url Where its page is.
   * @returns The guest, which has been welcomed.
   */
  static async join(url: string): Promise<ArenaGuest> {
    const guest = new ArenaGuest(new WebSocket(`${url.replace("http", "ws")}play?checksum=1`));
    await eventually("the guest is welcomed", () => guest.client.welcome !== undefined);
    return guest;
  }

  /** The id of its own entity. */
  get avatar(): number {
    return this.client.welcome!.avatar;
  }

  /**
   * Sends bytes, when it is connected.
   *
   * @param message The bytes, or a text.
   */
  send(message: Uint8Array | string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message as Uint8Array<ArrayBuffer> | string);
  }

  /**
   * Asks for something.
   *
   * @param request What.
   */
  ask(request: Request): void {
    this.send(encodeControl(request));
  }

  /**
   * Waits for more snapshots.
   *
   * @param count How many more.
   */
  async more(count: number): Promise<void> {
    const wanted = this.applied + count;
    await eventually(`${count} more snapshots arrive`, () => this.applied >= wanted);
  }

  /**
   * The newest status.
   *
   * @returns The status; waits for the first.
   */
  async status(): Promise<Status> {
    await eventually("a status comes", () => this.statuses.length > 0);
    return this.statuses.at(-1)!;
  }

  /**
   * Where all that it sees are in the newest snapshot.
   *
   * @returns Places by id; none before the first snapshot.
   */
  places(): Map<number, { readonly x: number; readonly y: number }> {
    const frame = this.client.latestFrame();
    if (frame === undefined) return new Map();
    const { position } = frame.fields;
    return new Map([...frame.ids.subarray(0, frame.count)].map((id) => {
      return [id, { x: position.x(id), y: position.y(id) }];
    }));
  }

  /** Leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#socket.close();
    await within("the guest's end", this.#closed);
  }
}
