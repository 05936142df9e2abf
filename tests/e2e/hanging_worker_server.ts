/**
 * The child process of worker_loss_test.ts: a reactor one of whose workers never returns from a handler. It ends the
 * process itself, because the runtime cannot end such a thread.
 *
 * @module
 */
import { Reactor } from "../../mod.ts";
import { frame, PlainSocket } from "../interop/plain_socket.ts";

const reported = Promise.withResolvers<void>();
const reactor = new Reactor({
  hostname: "127.0.0.1",
  workers: 1,
  dispatch: "ring",
  handler: new URL("./handler_module.ts", import.meta.url),
  closeTimeoutMs: 200,
  onError: () => reported.resolve(),
});
await reactor.start();
const client = await PlainSocket.connect(reactor.port);
await client.write(frame("served"));
console.log(new TextDecoder().decode(await client.readFrame()));
await client.write(frame("hang"));
await reported.promise;
console.log("reported");
await reactor.stop();
console.log("stopped");
Deno.exit(0);
