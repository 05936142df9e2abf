/**
 * The project keeps to its floors; and each rule catches a project that does not.
 *
 * @module
 */
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { checkCycles, checkFloors } from "./floors.ts";
import { referencesOf } from "./imports.ts";
import { type Module, parseModule, readProject } from "./project.ts";
import { roomOf } from "./rooms.ts";

const project = readProject();

Deno.test("the project's imports go down the floors", () => {
  const imports = project.filter((module) => module.path.startsWith("src/")).flatMap(referencesOf);
  assertGreater(imports.length, 0);
  assertEquals(checkFloors(project), []);
});

Deno.test("no files of the project import each other in a circle", () => {
  assertEquals(checkCycles(project), []);
});

Deno.test("checkFloors() passes what the table allows", () => {
  const faults = checkFloors(modules({
    "src/bytes/cursor.ts":
      `import { E } from "../error/e.ts"; import { concat } from "@std/bytes"; import "./pool.ts";`,
    "src/ring/spsc.ts": `import "../bytes/cursor.ts"; import "../metric/counter.ts"; import "../error/e.ts";`,
    "src/machine/drained.ts": `import type { Clock } from "../time/clock.ts"; import "../error/e.ts";`,
    "src/wire/frame.ts": `import "../ring/spsc.ts";`,
    "src/channel/lane.ts": `import "../fec/parity.ts"; import "../reliability/ack.ts";`,
    "src/io/tcp/link.ts": `import "node:net"; import "../../transport/link.ts"; import "../../stream/machine.ts";`,
    "src/runtime/agent.ts":
      `import "../io/tcp/link.ts"; import "../pool/pool.ts"; new URL("../../workers/w.ts", import.meta.url);`,
    "workers/w.ts": `import "../src/runtime/agent.ts";`,
    "src/api/reactor.ts": `import "../runtime/agent.ts"; import "./particle.ts";`,
    "src/api/reactor_mod.ts": `export { Reactor } from "./reactor.ts";`,
    "src/testing/mod.ts": `export { pair } from "./pair.ts";`,
    "src/testing/pair.ts": `import "../io/memory/link.ts"; import "../stream/machine.ts";`,
    "mod.ts": `export { Reactor } from "./src/api/reactor_mod.ts"; export { E } from "./src/error/e.ts";`,
    "tests/unit/x_test.ts": `import "../../src/api/reactor.ts"; import "npm:whatever";`,
  }));
  assertEquals(faults, []);
});

const badImports: readonly (readonly [string, string, string, string])[] = [
  ["a floor up", "src/wire/a.ts", `import "../stream/b.ts";`, "wire (floor 1) may not import stream (floor 2)"],
  ["a room of its own floor", "src/bytes/a.ts", `import "../time/b.ts";`, "bytes (floor 0) may not import time"],
  ["a type from a floor up", "src/error/a.ts", `import type { B } from "../bytes/b.ts";`, "may not import bytes"],
  ["an import type", "src/time/a.ts", `export type A = import("../io/tcp/b.ts").B;`, "may not import io/tcp"],
  ["a re-export", "src/metric/a.ts", `export * from "../ring/b.ts";`, "metric (floor 0) may not import ring"],
  ["a dynamic import", "src/pool/a.ts", `await import("../runtime/b.ts");`, "may not import runtime (floor 5)"],
  ["a sideways machine", "src/stream/a.ts", `import "../message/b.ts";`, "stream (floor 2) may not import message"],
  ["the machine room from a ring", "src/ring/a.ts", `import "../machine/b.ts";`, "may not import machine"],
  ["another driver", "src/io/tcp/a.ts", `import "../system/b.ts";`, "io/tcp (floor 4) may not import io/system"],
  ["the pool from a driver", "src/io/tcp/a.ts", `import "../../pool/b.ts";`, "may not import pool"],
  ["a port from a machine", "src/stream/a.ts", `import "../transport/b.ts";`, "may not import transport (floor 3)"],
  ["api from a runtime", "src/runtime/a.ts", `import "../api/b.ts";`, "may not import api"],
  ["testing from api", "src/api/a.ts", `import "../testing/b.ts";`, "may not import testing"],
  ["testing from mod.ts", "mod.ts", `export * from "./src/testing/b.ts";`, "may not import testing"],
  ["api from a worker", "workers/a.ts", `import "../src/api/b.ts";`, "may not import api"],
  ["runtime from testing", "src/testing/a.ts", `import "../runtime/b.ts";`, "may not import runtime"],
  ["mod.ts from inside", "src/api/a.ts", `import "../../mod.ts";`, "imports the face mod.ts"],
  ["a mod file from its own room", "src/api/a.ts", `import "./reactor_mod.ts";`, "imports the face src/api/reactor"],
  ["testing/mod.ts from testing", "src/testing/a.ts", `import "./mod.ts";`, "imports the face src/testing/mod.ts"],
  ["node: in a machine", "src/stream/a.ts", `import "node:net";`, "stream may not import node:net"],
  ["node: at the face", "src/api/a.ts", `import "node:net";`, "api may not import node:net"],
  ["an unlisted package", "src/io/tcp/a.ts", `import "npm:left-pad";`, "not in PURE_PACKAGES"],
  ["a package of another driver", "src/io/tcp/a.ts", `import "ws";`, "io/websocket does"],
  ["a package with a listed beginning", "src/io/tcp/a.ts", `import "@std/bytes2";`, "not in PURE_PACKAGES"],
  ["the package itself", "src/api/a.ts", `import "@ringwire/ringwire";`, "not in PURE_PACKAGES"],
  ["a computed import", "src/io/tcp/a.ts", "await import(`./${name}.ts`);", "only shows at run time"],
  ["a file outside the rooms", "src/runtime/a.ts", `import "../../tests/b.ts";`, "which lies in no room"],
  ["a path out of the project", "src/error/a.ts", `import "../../../b.ts";`, "which lies in no room"],
  ["a worker script as a module", "src/runtime/a.ts", `import "../../workers/w.ts";`, "which lies in no room"],
  [
    "a worker from the face",
    "src/api/a.ts",
    `new URL("../../workers/w.ts", import.meta.url)`,
    "may not start a worker script",
  ],
  [
    "a worker that is not there",
    "src/pool/a.ts",
    `new URL("../../workers/x.ts", import.meta.url)`,
    "workers/x.ts, which does not exist",
  ],
  ["a worker reference by resolve", "src/pool/a.ts", `import.meta.resolve("./x.ts")`, "x.ts, which does not exist"],
];

for (const [name, path, text, expected] of badImports) {
  Deno.test(`checkFloors() catches ${name}`, () => {
    const faults = checkFloors(modules({ "workers/w.ts": "export {};", [path]: text }));
    assertEquals(faults.length, 1, faults.join("\n"));
    assertStringIncludes(faults[0]!, expected);
    assertStringIncludes(faults[0]!, `${path}:1`);
  });
}

for (const path of ["src/a.ts", "src/utils/a.ts", "src/io/a.ts", "src/io/carrier/a.ts"]) {
  Deno.test(`checkFloors() catches a file at ${path}`, () => {
    assertEquals(roomOf(path), undefined);
    assertStringIncludes(checkFloors(modules({ [path]: "export {};" })).join(), "lies in no room");
  });
}

Deno.test("referencesOf() is not misled by comments, strings and templates", () => {
  const text = [
    `// import "./a.ts";`,
    `/* import("./b.ts") */`,
    `const text = 'import "./c.ts";' + "import('./d.ts')";`,
    "const more = `import \"./e.ts\"; ${await import('./f.ts')}`;",
    `const page = new URL("./g.md", import.meta.url);`,
    `const pattern = /import ".\\/h.ts"/;`,
  ].join("\n");
  const [only, ...rest] = referencesOf(parseModule("src/api/x.ts", text));
  assertEquals(rest, []);
  assertEquals(only, { kind: "dynamic", specifier: "./f.ts", target: "src/api/f.ts", line: 4 });
});

Deno.test("referencesOf() tells types from values", () => {
  const kinds = (text: string): string[] => referencesOf(parseModule("src/api/x.ts", text)).map((one) => one.kind);
  assertEquals(kinds(`import type { A } from "./a.ts";`), ["type"]);
  assertEquals(kinds(`import { type A, type B } from "./a.ts";`), ["type"]);
  assertEquals(kinds(`import { type A, b } from "./a.ts";`), ["value"]);
  assertEquals(kinds(`export type { A } from "./a.ts";`), ["type"]);
  assertEquals(kinds(`export { type A } from "./a.ts";`), ["type"]);
  assertEquals(kinds(`export * as all from "./a.ts";`), ["value"]);
  assertEquals(kinds(`import "./a.ts";`), ["value"]);
  assertEquals(kinds(`/// <reference path="./a.ts" />`), ["type"]);
});

Deno.test("checkCycles() catches a circle of three, of one, and of types", () => {
  const three = checkCycles(modules({
    "src/wire/a.ts": `import "./b.ts";`,
    "src/wire/b.ts": `import "./c.ts";`,
    "src/wire/c.ts": `export { a } from "./a.ts";`,
    "src/wire/d.ts": `import "./a.ts";`,
  }));
  assertEquals(three, ["import cycle: src/wire/a.ts -> src/wire/b.ts -> src/wire/c.ts -> src/wire/a.ts"]);
  const one = checkCycles(modules({ "src/wire/a.ts": `import { a } from "./a.ts";` }));
  assertEquals(one, ["import cycle: src/wire/a.ts -> src/wire/a.ts"]);
  const types = checkCycles(modules({
    "src/wire/a.ts": `import type { B } from "./b.ts";`,
    "src/wire/b.ts": `import { a } from "./a.ts";`,
  }));
  assertEquals(types, ["type-only import cycle: src/wire/a.ts -> src/wire/b.ts -> src/wire/a.ts"]);
});

Deno.test("checkCycles() finds two circles apart and lets a worker refer to what started it", () => {
  const faults = checkCycles(modules({
    "src/wire/a.ts": `import "./b.ts";`,
    "src/wire/b.ts": `import "./a.ts";`,
    "src/bytes/a.ts": `import "./b.ts";`,
    "src/bytes/b.ts": `await import("./a.ts");`,
    "src/runtime/a.ts": `new URL("../../workers/w.ts", import.meta.url);`,
    "workers/w.ts": `import "../src/runtime/a.ts";`,
  }));
  assertEquals(faults.length, 2, faults.join("\n"));
});

function modules(sources: Readonly<Record<string, string>>): Module[] {
  return Object.entries(sources).map(([path, text]) => parseModule(path, text));
}
