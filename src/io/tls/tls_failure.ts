/**
 * What an error of TLS means: that somebody is not who he should be, or that it just did not work.
 *
 * Source: the alerts of RFC 8446 section 6.2, by the names that the runtime gives them in its errors.
 *
 * @module
 */
import { AuthenticationError, ConnectError } from "../../error/transport_error.ts";
import { type Address, formatAddress } from "../../transport/address.ts";

/** What the runtime says where this end does not trust the peer's certificate. */
const DISTRUST =
  /invalid peer certificate|certificate has expired|certificate is not yet valid|self-signed certificate/i;

/** Alerts by which the peer says that it does not take this end's certificate, or wants one. */
const REFUSAL = new RegExp(
  "received fatal alert: " +
    "(BadCertificate|UnsupportedCertificate|CertificateRevoked|CertificateExpired|CertificateUnknown|UnknownCA|" +
    "AccessDenied|CertificateRequired|BadCertificateStatusResponse)",
  "i",
);

/**
 * The error for a connection that did not come about.
 *
 * @param target Where it should have led.
 * @param cause What was thrown.
 * @returns An `AuthenticationError` where it is about a certificate, a `ConnectError` otherwise.
 */
export function connectFailure(target: Address, cause: unknown): AuthenticationError | ConnectError {
  const reason = failureReason(cause);
  const message = `Cannot connect to ${formatAddress(target)}: ${reason}`;
  return isAboutCertificate(cause) ? new AuthenticationError(message, { cause }) : new ConnectError(message, { cause });
}

/**
 * The error for a link that broke.
 *
 * @param remote Where it led.
 * @param cause What was thrown.
 * @returns An `AuthenticationError` where the peer refused a certificate after the handshake, as servers of TLS 1.3 do;
 * otherwise the cause itself.
 */
export function linkFailure(remote: Address, cause: unknown): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  if (!REFUSAL.test(error.message)) return error;
  return new AuthenticationError(`Refused by ${formatAddress(remote)}: ${failureReason(error)}`, { cause });
}

/**
 * The reason inside an error of the operating system or of TLS, to stand behind a colon.
 *
 * @param error What was thrown, by the runtime's sockets or by those of `node:net` and `node:tls`.
 * @returns For example `connection refused`, without the number or the name of the error, without the address and
 * without links to explanations.
 */
export function failureReason(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replace(/ \(os error -?\d+\)$/, "")
    .replace(/: https?:\/\/\S+$/, "")
    .replace(/^(?:listen|connect) (E[A-Z0-9]+):? ?(.*) \S+$/, (_, code: string, rest: string) => rest || code);
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}

function isAboutCertificate(cause: unknown): boolean {
  const text = cause instanceof Error ? cause.message : String(cause);
  return DISTRUST.test(text) || REFUSAL.test(text);
}
