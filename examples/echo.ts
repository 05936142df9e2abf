/**
 * A reactor that returns what it gets, and a particle that says hello: the first example of Faster.Transport.
 *
 *     deno run --allow-net examples/echo.ts
 *
 * @module
 */
import { ParticleBuilder, Reactor } from "@ringwire/ringwire";

const reactor = new Reactor({ hostname: "127.0.0.1", port: 0 });
reactor.onReceived = (connection, data) => connection.return(data);
reactor.onConnected = () => console.log("New client connected!");
await reactor.start();
console.log("Reactor started.");

const echo = Promise.withResolvers<string>();
const particle = new ParticleBuilder()
  .connectTo("127.0.0.1", reactor.port)
  .onReceived((data) => echo.resolve(new TextDecoder().decode(data)))
  .onParticleDisconnected((_particle, reason) => {
    console.log(`Disconnected: ${reason.message}`);
    echo.reject(new Error(`No echo: ${reason.message}`));
  })
  .build();

await particle.send(new TextEncoder().encode("Hello Reactor!"));
console.log(`Echo: ${await echo.promise}`);
await particle.close();
await reactor.stop();
if (await echo.promise !== "Hello Reactor!") throw new Error("The echo is not what was sent");
