/**
 * The certificate of a server role, for the client role: they share a file whose name the port makes.
 *
 * @module
 */
import { type DevelopmentCertificate, developmentCertificate } from "../../src/io/tls/development_certificate.ts";

/** Makes a certificate. */
export function benchCertificate(): DevelopmentCertificate {
  return developmentCertificate();
}

/**
 * Leaves the certificate for the client role.
 *
 * @param port The server's port.
 * @param cert The certificate in PEM.
 */
export function leaveCertificate(port: number, cert: string): void {
  Deno.writeTextFileSync(pathOf(port), cert);
}

/**
 * Takes the certificate that the server role left.
 *
 * @param port The server's port.
 * @returns The certificate in PEM.
 */
export function takeCertificate(port: number): string {
  const cert = Deno.readTextFileSync(pathOf(port));
  Deno.removeSync(pathOf(port));
  return cert;
}

function pathOf(port: number): string {
  const folder = Deno.env.get("TMPDIR") ?? "/tmp";
  return `${folder}/bench_certificate_${port}.pem`;
}
