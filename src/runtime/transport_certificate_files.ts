/**
 * Certificates by the paths of their files, read when a server starts to listen.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";

/** A certificate and its key in PEM. */
export interface CertificatePair {
  /** The certificate, followed by those that lead to an authority, if there are any. */
  readonly cert: string;
  /** The private key. */
  readonly key: string;
}

/**
 * Names two files.
 *
 * @param certPath The certificate's file.
 * @param keyPath The key's file.
 * @returns Reads both; throws `ResourceError` when one cannot be read.
 * @throws {TypeError} When one of the paths is missing or no string.
 */
export function certificateFiles(certPath: string | undefined, keyPath: string | undefined): () => CertificatePair {
  if (typeof certPath !== "string" || typeof keyPath !== "string") {
    throw new TypeError("The options certPath and keyPath belong together, and are strings");
  }
  return () => ({ cert: read(certPath), key: read(keyPath) });
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new ResourceError(`Cannot read ${path}`, { cause });
  }
}
