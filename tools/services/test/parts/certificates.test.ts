import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { certificates } from '../../src/parts/certificates.ts';
import { ownServicesFolder } from '../temporary-folder.ts';

describe('certificates', () => {
  ownServicesFolder();

  it('let a client and a server of 127.0.0.1 and localhost trust each other', async () => {
    const [files, again] = await Promise.all([certificates(), certificates()]);
    expect(again).toEqual(files);
    const ca = readFileSync(files.ca);
    const server = createServer({
      ca,
      cert: readFileSync(files.serverCert),
      key: readFileSync(files.serverKey),
      requestCert: true,
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      for (const host of ['127.0.0.1', 'localhost']) {
        const greeted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
        const { port } = server.address() as AddressInfo;
        const client = connect({
          port,
          host,
          ca,
          cert: readFileSync(files.clientCert),
          key: readFileSync(files.clientKey),
        });
        await once(client, 'secureConnect');
        expect(client.authorized).toBe(true);
        const [peer] = await greeted;
        expect([peer.authorized, peer.getPeerCertificate().subject.CN]).toEqual([true, 'kombu-client']);
        client.destroy();
        peer.destroy();
      }
    } finally {
      server.close();
    }
  });
});
