/**
 * Floors 0 to 2 use the language and nothing else; and the check catches each way around that.
 *
 * @module
 */
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { checkGlobals } from "./globals.ts";
import { parseModule, readProject } from "./project.ts";

Deno.test("the project's machines know no platform", () => {
  const project = readProject();
  assertGreater(project.filter((module) => module.path.startsWith("src/error/")).length, 0);
  assertEquals(checkGlobals(project), []);
});

const good: readonly (readonly [string, string, string])[] = [
  ["the language's own names", "src/wire/a.ts", `export const a = Math.min(new Uint8Array(4).length, Infinity);`],
  ["the language's own types", "src/wire/a.ts", `export type A = Readonly<Record<string, ArrayLike<number>>>;`],
  ["a const assertion", "src/wire/a.ts", `export const A = { b: 1 } as const;`],
  ["a local name like a global's", "src/wire/a.ts", `export function f(Deno: number): number { return Deno; }`],
  ["an imported name like a global's", "src/wire/a.ts", `import { performance } from "./b.ts"; performance.now();`],
  ["a property like a global's", "src/wire/a.ts", `export const f = (a: { crypto: 1 }): 1 => a.crypto;`],
  ["a key like a global's", "src/wire/a.ts", `export const o = { Date: 1, fetch() { return 2; } };`],
  ["a renaming destructuring", "src/wire/a.ts", `export const f = ({ Date: d }: { Date: 1 }): 1 => d;`],
  [
    "a destructuring of something unknown",
    "src/wire/a.ts",
    `import { b } from "./b.ts"; export const { Date: d } = b;`,
  ],
  ["an import under another name", "src/wire/a.ts", `import { Date as b } from "./b.ts"; export const d = b;`],
  ["an import type", "src/wire/a.ts", `export type D = import("./b.ts").Date;`],
  ["a field without a value", "src/wire/a.ts", `export class A { declare readonly b: number; }`],
  ["a type parameter and a predicate", "src/wire/a.ts", `export function f<T>(x: T): x is T & {} { return !!x; }`],
  ["a label", "src/wire/a.ts", `export function f(): void { fetch: for (;;) break fetch; }`],
  ["new.target and errors", "src/error/a.ts", `export class E extends Error { n: string = new.target.name; }`],
  ["Atomics in a ring", "src/ring/a.ts", `export const f = (a: Int32Array): number => Atomics.load(a, 0);`],
  ["a promise's type in a ring", "src/ring/a.ts", `export type Wait = Promise<"ok">;`],
  ["a platform in a driver", "src/io/tcp/a.ts", `export const f = async () => await Deno.stat("x");`],
  ["a platform in a runtime", "src/runtime/a.ts", `export const f = () => setTimeout(() => {}, Date.now());`],
  ["promises at the face", "src/api/a.ts", `export const f = async (): Promise<void> => await Promise.resolve();`],
  ["a platform in a test", "tests/unit/a_test.ts", `Deno.test("x", () => {});`],
];

for (const [name, path, text] of good) {
  Deno.test(`checkGlobals() allows ${name}`, () => {
    assertEquals(checkGlobals([parseModule(path, text)]), []);
  });
}

const bad: readonly (readonly [string, string, string, string])[] = [
  ["Deno in a machine", "src/stream/a.ts", `Deno.stat("x");`, "Deno is not on the list"],
  ["a timer", "src/time/a.ts", `export const f = () => setTimeout(() => {}, 1);`, "setTimeout is not on the list"],
  ["a clock", "src/time/a.ts", `export const t = performance.now();`, "performance is not on the list"],
  ["a date", "src/metric/a.ts", `export const t = new Date();`, "Date is not on the list"],
  ["the console", "src/wire/a.ts", `console.log(1);`, "console is not on the list"],
  ["globalThis", "src/wire/a.ts", `export const d = globalThis.Deno;`, "globalThis is not on the list"],
  ["eval", "src/wire/a.ts", `eval("1");`, "eval is not on the list"],
  ["the Function constructor", "src/wire/a.ts", `export const f = new Function("x");`, "Function is not on the list"],
  ["a shorthand property", "src/wire/a.ts", `export const o = { crypto };`, "crypto is not on the list"],
  ["a default value", "src/wire/a.ts", `export const f = (c = crypto): unknown => c;`, "crypto is not on the list"],
  ["a template", "src/wire/a.ts", "export const s = `${location}`;", "location is not on the list"],
  ["a global beside a local of that name", "src/wire/a.ts", `{ const fetch = 1; fetch; } fetch("x");`, "fetch is not"],
  ["a platform's type", "src/wire/a.ts", `export type C = Deno.Conn;`, "Deno is not on the list"],
  ["a platform's interface", "src/wire/a.ts", `export interface A extends EventTarget {}`, "EventTarget is not"],
  ["the type of a global", "src/wire/a.ts", `export type P = typeof performance;`, "performance is not on the list"],
  ["an erased type as a value", "src/wire/a.ts", `export const i = Iterator.from([]);`, "Iterator is not on the list"],
  ["an erased type under typeof", "src/wire/a.ts", `export type I = typeof Iterator;`, "Iterator is not on the list"],
  ["a promise's type", "src/stream/a.ts", `export type P = Promise<void>;`, "Promise is not on the list"],
  ["a promise in a ring", "src/ring/a.ts", `export const p = Promise.resolve();`, "Promise is not on the list"],
  ["Atomics outside a ring", "src/metric/a.ts", `Atomics.add(new Int32Array(1), 0, 1);`, "Atomics is not on the list"],
  ["Math.random", "src/random/a.ts", `export const r = Math.random();`, "Math.random is used"],
  ["Math under another name", "src/random/a.ts", `export const { random } = Math;`, "other than as Math.name"],
  ["Math by index", "src/random/a.ts", `export const r = Math["random"]();`, "other than as Math.name"],
  ["an async function", "src/stream/a.ts", `export async function f() {}`, "async"],
  ["an async method", "src/stream/a.ts", `export class A { async f() {} }`, "async"],
  ["a top-level await", "src/stream/a.ts", `export const a = await 1;`, "await"],
  ["a loop that awaits", "src/stream/a.ts", `for await (const a of [1]) a;`, "await"],
  ["an awaited disposal", "src/stream/a.ts", `await using a = null;`, "await using"],
  ["a dynamic import", "src/stream/a.ts", `import("./b.ts");`, "a dynamic import"],
  ["import.meta", "src/stream/a.ts", `export const u = import.meta.url;`, "import.meta"],
  ["an ambient declaration", "src/stream/a.ts", `export {}; declare const Deno: number; Deno;`, "declare"],
  ["Deno at the face", "src/api/a.ts", `export const f = () => Deno.exit();`, "api may not use Deno"],
  ["a worker at the face", "src/api/a.ts", `export const f = () => new Worker("x");`, "api may not use Worker"],
  ["the real time in testing", "src/testing/a.ts", `export const t = Date.now();`, "testing may not use Date"],
  ["a platform's type in a port", "src/transport/a.ts", `export type A = Deno.Addr;`, "transport may not use Deno"],
];

for (const [name, path, text, expected] of bad) {
  Deno.test(`checkGlobals() catches ${name}`, () => {
    const faults = checkGlobals([parseModule(path, text)]);
    assertEquals(faults.length, 1, faults.join("\n"));
    assertStringIncludes(faults[0]!, expected);
    assertStringIncludes(faults[0]!, `${path}:1: `);
  });
}
