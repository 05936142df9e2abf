/**
 * The accepting side of links over secure sessions: one UDP socket and one TLS listener for all of them.
 *
 * Invariants: once it is closed nobody is let in, TLS is not listened for any more, and the UDP socket stays until the
 * last link is gone; what waits to be accepted is bounded.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, MisuseError } from "../error/transport_error.ts";
import { tcpFabric } from "../io/tcp/tcp_fabric.ts";
import { TlsListener } from "../io/tls/tls_listener.ts";
import { udpFabric } from "../io/udp/udp_fabric.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import { type Address, addressHost } from "../transport/address.ts";
import type { MessageListener } from "../transport/message_link.ts";
import { secureSystemHost } from "./secure_host.ts";
import { SecureServer } from "./secure_server.ts";
import type { SecureServerConfig } from "./secure_server_options.ts";
import { SecureHub, type SecureHubOwner } from "./transport_secure_hub.ts";
import type { SecureLink } from "./transport_secure_link.ts";

/** How many links may wait to be accepted; one more is told that the server is busy. */
const MAX_WAITING_COUNT = 1024;

/** Accepts links. */
export class SecureLinkListener implements MessageListener, SecureHubOwner {
  readonly listening: Promise<void>;
  readonly whenClosed: Promise<void>;
  readonly #config: SecureServerConfig;
  readonly #tls: TlsListener;
  readonly #waiting: SecureLink[] = [];
  #accepting: PromiseWithResolvers<SecureLink> | undefined = undefined;
  #server: SecureServer | undefined = undefined;
  #hub: SecureHub | undefined = undefined;
  #isClosed = false;

  /**
   * Begins to listen.
   *
   * @param config The checked options.
   */
  constructor(config: SecureServerConfig) {
    const { authorize } = config;
    this.#config = {
      ...config,
      authorize: (...question) => !this.#isClosed && (authorize === undefined || authorize(...question)),
      onError: config.onError ?? ((error) => this.#handleError(error)),
    };
    this.#tls = new TlsListener(tcpFabric(config.tcp).listen(), config.tls);
    this.listening = this.#open();
    this.whenClosed = this.listening.then(() => this.#server!.core.whenClosed, () => this.#tls.whenClosed);
  }

  get address(): Address {
    return this.#tls.address;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  accept(): Promise<SecureLink> {
    if (this.#isClosed) return Promise.reject(new ClosedError(CloseCode.GoingAway, "local"));
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const link = this.#waiting.shift();
    if (link !== undefined) return Promise.resolve(link);
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tls.close();
    this.#accepting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
    this.#accepting = undefined;
    for (const link of this.#waiting.splice(0)) link.close();
    if (this.#hub?.isEmpty === true) this.handleEmpty();
  }

  /** {@inheritDoc SecureHubOwner.handleLink} */
  handleLink(link: SecureLink): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting !== undefined) accepting.resolve(link);
    else if (this.#isClosed) link.close();
    else if (this.#waiting.length < MAX_WAITING_COUNT) this.#waiting.push(link);
    else this.#hub!.drop(link, SessionCloseCode.Busy);
  }

  /** {@inheritDoc SecureHubOwner.handleEmpty} */
  handleEmpty(): void {
    if (this.#isClosed) void this.#server!.core.close(SessionCloseCode.GoingAway);
  }

  async #open(): Promise<void> {
    const host = secureSystemHost();
    try {
      await this.#tls.listening;
      // A name may have several addresses: both sockets are bound to the same one.
      const link = await udpFabric({ ...this.#config.udp, hostname: addressHost(this.#tls.address) }).open();
      this.#server = new SecureServer(this.#config, host, link, this.#tls);
    } catch (error) {
      this.close();
      await this.#tls.whenClosed;
      throw error;
    }
    this.#hub = new SecureHub(this.#server.core, this, host.scheduler);
    if (this.#isClosed) this.handleEmpty();
  }

  /** Accepting failed for now, or the application did. */
  #handleError(error: unknown): void {
    this.#accepting?.reject(error);
    this.#accepting = undefined;
  }
}
