/**
 * `pool.dispatch.*`: echoes of 64 bytes over 64 connections by a reactor with two workers, beside one without any; the
 * handlers run in the workers. `pool.main.*`: the same with the handlers on the main thread.
 *
 * @module
 */
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { connections: 64, payloadBytes: 64, inFlight: 8, warmMs: 500, measuredMs: 2_000 } as const;

/** Each worker accepts from a port that all share. */
export const poolDispatchKernel: Scenario = {
  name: "pool.dispatch.kernel",
  metric: "rate",
  unit: "/s",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => rate("inline", context),
  product: (context) => rate("kernel", context),
};

/** The same, where `Deno.listen` may share a port: with the flag `--unstable-net`. */
export const poolDispatchKernelNet: Scenario = {
  ...poolDispatchKernel,
  name: "pool.dispatch.kernel.net",
  product: (context) => rate("kernel", context, ["--unstable-net"]),
};

/** The main thread owns the sockets and feeds the workers. */
export const poolDispatchRing: Scenario = {
  ...poolDispatchKernel,
  name: "pool.dispatch.ring",
  product: (context) => rate("ring", context),
};

/** The workers own the sockets and feed handlers on the main thread. */
export const poolMainKernel: Scenario = {
  ...poolDispatchKernel,
  name: "pool.main.kernel",
  product: (context) => rate("main-kernel", context),
};

function rate(server: string, { quick }: RunContext, flags: readonly string[] = []): Promise<Sample> {
  const load = quick ? { ...LOAD, measuredMs: 500 } : LOAD;
  return cast(import.meta.url, async (spawn) => {
    const serving = spawn(`${server}-server`, {}, flags);
    const { port } = await serving.expect("listening");
    const client = spawn("client", { ...load, port: Number(port) });
    const { value } = await client.expect("measured");
    await client.ended();
    await serving.ended();
    return { value: Number(value) };
  });
}

if (import.meta.main) {
  const echo = await import("../product/many_echoes.ts");
  await play({
    "inline-server": () => echo.server({}),
    "kernel-server": () => echo.server({ workers: 2, dispatch: "kernel", handler: echo.HANDLER }),
    "ring-server": () => echo.server({ workers: 2, dispatch: "ring", handler: echo.HANDLER }),
    "main-kernel-server": () => echo.server({ workers: 2, dispatch: "kernel" }),
    client: echo.client,
  });
}
