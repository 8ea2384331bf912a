import type { Certificates } from './certificates.ts';

/** The query of a TLS URL in Kombu's words; with `client`, the client shows its certificate. */
export function tlsQuery(files: Certificates, client = false): string {
  const own = client ? { ssl_certfile: files.clientCert, ssl_keyfile: files.clientKey } : {};
  return new URLSearchParams({ ssl_ca_certs: files.ca, ssl_cert_reqs: 'required', ...own })
    .toString()
    .replaceAll('+', '%20');
}
