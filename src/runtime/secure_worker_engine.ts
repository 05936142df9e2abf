/**
 * What runs the sessions of a secure socket: an endpoint and its driver on this thread, or workers in their place.
 *
 * Why a change of type in one place: a machine and the workers that stand for it have no class in common, only what the
 * common part of a server calls; `EndpointFace`, `DriverFace` and `SecureSession` list that, and hold the workers to it.
 *
 * @module
 */
import { EndpointMachine } from "../session/endpoint_machine.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import type { SecureKeys } from "./secure_core_hooks.ts";
import { SecureDriver, type SecureDriverOwner } from "./secure_driver.ts";
import type { SecureHost } from "./secure_host.ts";
import type { SecureWorkers } from "./secure_worker_pool.ts";

/** An endpoint and its driver. */
export interface SecureEngine {
  /** The endpoint. */
  readonly endpoint: EndpointMachine;
  /** Its driver. */
  readonly driver: SecureDriver;
}

/**
 * Makes an endpoint on this thread, without links.
 *
 * @param config Its options.
 * @param keys What it keeps beyond a restart.
 * @param host Time, chance, cryptography.
 * @param owner Whom it tells.
 * @returns The endpoint and its driver.
 */
export function ownEngine(
  config: EndpointConfig,
  keys: SecureKeys,
  host: SecureHost,
  owner: SecureDriverOwner,
): SecureEngine {
  const { scheduler, random, aead, keyExchange } = host;
  const { clock } = scheduler;
  scheduler.tick();
  const endpoint = new EndpointMachine({ ...keys, config, clock, wallClock: scheduler, random, aead, keyExchange });
  return { endpoint, driver: new SecureDriver(endpoint, scheduler, owner) };
}

/**
 * What workers are to the common part of a server.
 *
 * @param workers The workers, started.
 * @param owner Whom they tell.
 * @returns The same workers, as an endpoint and as a driver.
 */
export function workerEngine(workers: SecureWorkers, owner: SecureDriverOwner): SecureEngine {
  const attached = workers.attach(owner) as unknown;
  return { endpoint: attached as EndpointMachine, driver: attached as SecureDriver };
}
