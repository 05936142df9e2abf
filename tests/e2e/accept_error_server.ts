/**
 * The child process of accept_error_test.ts: a reactor that soon has no file descriptor left. It prints its port, and
 * on every line of its input its statistics.
 *
 * @module
 */
import { openReactor } from "./framed_tcp.ts";

// The runtime sets its signals up late, and panics where no descriptor is left for that: this has it done now.
Deno.addSignalListener("SIGUSR2", () => {});
const reactor = await openReactor({
  onReceived: (connection, payload) => connection.return(payload),
  onError: () => {},
});
console.log(reactor.port);
const decoder = new TextDecoder();
for await (const piece of Deno.stdin.readable) {
  for (const _ of decoder.decode(piece).matchAll(/\n/g)) console.log(JSON.stringify(reactor.statistics()));
}
await reactor.stop();
