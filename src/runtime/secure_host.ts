/**
 * What the endpoint of a secure socket needs of the world beside its links: time, chance and cryptography.
 *
 * @module
 */
import type { AeadProvider } from "../crypto/aead.ts";
import type { KeyExchange } from "../crypto/key_exchange.ts";
import { NodeKeyExchange } from "../io/system/node_key_exchange.ts";
import { systemAead } from "../io/system/system_aead.ts";
import { type RuntimeHost, systemHost } from "./system_host.ts";

/** Time, chance and cryptography for one endpoint; tests put manual ones in their place. */
export interface SecureHost extends RuntimeHost {
  /** Makes packet keys. */
  readonly aead: AeadProvider;
  /** Makes key shares. */
  readonly keyExchange: KeyExchange;
}

/**
 * The real ones.
 *
 * @returns A host of its own for one endpoint.
 */
export function secureSystemHost(): SecureHost {
  return { ...systemHost(), aead: systemAead(), keyExchange: new NodeKeyExchange() };
}
