/**
 * The child process of io_udp_link_test.ts that may bind one address and send to none. Its argument is the backend; it
 * prints what it is told.
 *
 * @module
 */
import { udpFabric } from "../../src/io/udp/udp_fabric.ts";
import type { UdpBackend } from "../../src/io/udp/udp_options.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";

const backend = Deno.args[0] as UdpBackend;
const error = await udpFabric({ hostname: "127.0.0.2", port: 0, backend }).open().catch((error) => error);
console.log(error.name, error.message);
const link = await udpFabric({ hostname: "127.0.0.1", port: 0, backend }).open();
const to = new DatagramAddress();
to.parse("127.0.0.1", 4);
const failures: string[] = [];
const told = Promise.withResolvers<void>();
link.start({
  source: new DatagramAddress(),
  handleDatagram: () => {},
  handleSendFailure: (_, failure) => {
    if (failures.push(failure) === 2) told.resolve();
  },
});
const statuses = [link.send(new Uint8Array(3), 0, 3, to), link.send(new Uint8Array(3), 0, 3, to)];
await told.promise;
for (const [i, status] of statuses.entries()) console.log(status, failures[i]);
const { sent, failedNotPermitted } = link.counters();
console.log(`sent ${sent}, failedNotPermitted ${failedNotPermitted}`);
link.close();
