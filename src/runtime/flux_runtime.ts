/**
 * A particle whose queue is also fed by the rings of producers in other threads.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { StreamFabric } from "../transport/stream_link.ts";
import type { FluxConfig, FluxOptions } from "./flux_options.ts";
import { FluxPump } from "./flux_pump.ts";
import { ParticleRuntime } from "./particle_runtime.ts";
import type { RuntimeHost } from "./system_host.ts";

/** Runs one flux. */
export class FluxRuntime {
  /** The connection and what is sent from this thread. */
  readonly particle: ParticleRuntime;
  /** What is sent from other threads. */
  readonly pump: FluxPump;
  readonly #config: FluxConfig;
  readonly #host: RuntimeHost;

  /**
   * Makes a flux and starts to connect.
   *
   * @param config The checked options.
   * @param handlers What the application does.
   * @param fabric Where links come from.
   * @param host Time and randomness.
   */
  constructor(config: FluxConfig, handlers: FluxOptions, fabric: StreamFabric, host: RuntimeHost) {
    this.#config = config;
    this.#host = host;
    this.particle = new ParticleRuntime(config.particle, handlers, fabric, host);
    this.pump = new FluxPump(this.particle.sender, config, host.scheduler);
    this.particle.onDrained = () => this.pump.handleRoom();
    this.particle.onEnd = () => this.pump.close();
    this.particle.start();
  }

  /** Waits until everything committed so far was handed to the link. */
  async flush(): Promise<void> {
    await this.pump.written();
    await this.particle.sender.flush();
  }

  /**
   * Closes in order: rings, queue, link.
   *
   * @returns When it is closed; bounded by `closeTimeoutMs`.
   */
  async close(): Promise<void> {
    const { scheduler } = this.#host;
    const alarm = scheduler.alarm(() => this.particle.abort(CloseCode.CloseTimeout));
    alarm.arm(scheduler.tick() + this.#config.particle.stream.closeTimeoutMs);
    this.pump.seal();
    if (this.particle.canSend) await this.pump.written();
    await this.particle.close();
    alarm.disarm();
  }

  /** Closes at once. */
  abort(): void {
    this.particle.abort();
  }
}
