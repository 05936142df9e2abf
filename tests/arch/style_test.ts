/**
 * The project keeps to the rules of form; and each rule catches a file that does not.
 *
 * @module
 */
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { type Module, parseModule, readProject } from "./project.ts";
import {
  checkFileNames,
  checkGetPrefix,
  checkHeaders,
  checkLengths,
  checkMachineWords,
  checkUnfinished,
} from "./style.ts";

type Check = (modules: readonly Module[]) => string[];

const project = readProject();
const header = "/**\n * What it decides.\n *\n * @module\n */\n";

const projectRules: readonly (readonly [string, Check])[] = [
  ["files are named in snake_case and say what they decide", checkFileNames],
  ["files and functions are short", checkLengths],
  ["every file opens with a module doc", checkHeaders],
  ["no exported name begins with get", checkGetPrefix],
  ["nothing admits to be unfinished", checkUnfinished],
  ["no source names a machine", checkMachineWords],
];

for (const [name, check] of projectRules) {
  Deno.test(`in the project, ${name}`, () => {
    assertGreater(project.length, 0);
    assertEquals(check(project), []);
  });
}

function fails(name: string, check: Check, path: string, text: string, expected: string): void {
  Deno.test(`${check.name}() catches ${name}`, () => {
    const faults = check([parseModule(path, text)]);
    assertEquals(faults.length, 1, faults.join("\n"));
    assertStringIncludes(faults[0]!, expected);
    assertStringIncludes(faults[0]!, path);
  });
}

function passes(name: string, check: Check, path: string, text: string): void {
  Deno.test(`${check.name}() allows ${name}`, () => {
    assertEquals(check([parseModule(path, text)]), []);
  });
}

function lines(count: number, line = "export {};\n"): string {
  return line.repeat(count);
}

function functionOf(count: number): string {
  return `export function f(): void {\n${lines(count - 2, "  f();\n")}}\n`;
}

passes("snake_case", checkFileNames, "src/io/tcp/accept_backoff2.ts", "");
passes("a test's name", checkFileNames, "tests/unit/bytes/cursor_test.ts", "");
fails("camelCase", checkFileNames, "src/wire/frameHeader.ts", "", `"frameHeader"`);
fails("a dash", checkFileNames, "src/wire/frame-header.ts", "", `"frame-header"`);
fails("a dot", checkFileNames, "tests/unit/frame.test.ts", "", `"frame.test"`);
fails("a name that says nothing", checkFileNames, "src/wire/utils.ts", "", `"utils"`);
fails("a folder that says nothing", checkFileNames, "src/wire/common/frame.ts", "", `"common"`);

passes("a file of 400 lines", checkLengths, "src/wire/a.ts", header + lines(395));
passes("a long file with a reason", checkLengths, "src/wire/a.ts", `/** Why: one table. @module */\n${lines(599)}`);
fails("a long file without a reason", checkLengths, "src/wire/a.ts", header + lines(396), `after "Why:"`);
fails("a reason outside the header", checkLengths, "src/wire/a.ts", `${header}// Why: x\n${lines(400)}`, `"Why:"`);
fails("a file that is too long", checkLengths, "src/wire/a.ts", `/** Why: x @module */\n${lines(600)}`, "601 lines");
passes("an entry script of 60 lines", checkLengths, "workers/a.ts", lines(60));
fails("an entry script that does too much", checkLengths, "workers/a.ts", lines(61), "an entry script has at most 60");
passes("a function of 70 lines", checkLengths, "src/wire/a.ts", functionOf(70));
fails("a function of 71 lines", checkLengths, "src/wire/a.ts", functionOf(71), "src/wire/a.ts:1: a function of 71");
fails("a long arrow function", checkLengths, "src/wire/a.ts", `const f = () => {\n${lines(70, "1;\n")}};`, "72 lines");
fails(
  "a long method",
  checkLengths,
  "src/wire/a.ts",
  `class A {\n  f() {\n${lines(69, "1;\n")}  }\n}`,
  ":2: a function",
);
passes(
  "a long doc on a short function",
  checkLengths,
  "src/wire/a.ts",
  `/**\n${lines(90, " * x\n")} */\nfunction f() {}`,
);

passes("a module doc", checkHeaders, "src/wire/a.ts", header);
passes("a lint directive before it", checkHeaders, "bench/a.ts", `// deno-lint-ignore-file no-console\n${header}`);
passes("a module doc on one line", checkHeaders, "src/wire/a.ts", "/** What. @module */\nexport {};");
passes("a unit test without one", checkHeaders, "tests/unit/wire/a_test.ts", "export {};");
fails("another test without one", checkHeaders, "tests/sim/a_test.ts", "export {};", "does not open");
fails("an empty file", checkHeaders, "src/wire/a.ts", "", "does not open with a module doc");
fails("code before the doc", checkHeaders, "src/wire/a.ts", `import "./b.ts";\n${header}`, "does not open");
fails("a plain comment", checkHeaders, "src/wire/a.ts", "/* What.\n@module */\n", "does not open");
fails("a doc of a declaration", checkHeaders, "src/wire/a.ts", "/** What. */\nexport const a = 1;", "has no @module");
fails("a doc that comes second", checkHeaders, "src/wire/a.ts", `/** A. */\nconst a = 1;\n${header}`, "has no @module");

passes("accessors and nouns", checkGetPrefix, "src/wire/a.ts", `export class A { get size() { return 1; } gets() {} }`);
passes("what is not exported", checkGetPrefix, "src/wire/a.ts", `function getSize() {} class A { getSize() {} }`);
passes("a name in a test", checkGetPrefix, "tests/unit/a_test.ts", `export function getSize() {}`);
fails("a function", checkGetPrefix, "src/wire/a.ts", `export function getSize() {}`, "getSize");
fails("an arrow function", checkGetPrefix, "src/wire/a.ts", `export const getSize = () => 1;`, "getSize");
fails("a method", checkGetPrefix, "src/wire/a.ts", `export class A { getSize() {} }`, "getSize");
fails("an interface's method", checkGetPrefix, "src/wire/a.ts", `export interface A { getSize(): 1 }`, "getSize");
fails("an export list", checkGetPrefix, "src/wire/a.ts", `function size() {}\nexport { size as getSize };`, "getSize");
fails(
  "a class listed under another name",
  checkGetPrefix,
  "src/wire/a.ts",
  `class A { getB() {} }\nexport { A as C };`,
  "getB",
);
fails("a listed class", checkGetPrefix, "src/wire/a.ts", `class A { getSize() {} }\nexport { A };`, "getSize");

passes(
  "the word in a string",
  checkUnfinished,
  "src/wire/a.ts",
  "export const a = ['TODO', `FIXME ${1} TODO`, /TODO/];",
);
fails("a note in a comment", checkUnfinished, "src/wire/a.ts", "export {};\n// TODO: the rest\n", "a.ts:2: ");
fails("a note in a doc", checkUnfinished, "src/wire/a.ts", "/** FIXME */\nexport {};", `"FIXME"`);
fails("a note after a string", checkUnfinished, "src/wire/a.ts", `export const a = "x"; // FIXME`, `"FIXME"`);
fails("a note inside a template's hole", checkUnfinished, "src/wire/a.ts", "`${1 /* TODO */}`;", `"TODO"`);

const plain = `// home/work, "./home/a", /tmp/socket, https://www.rfc-editor.org\n`;
passes("other words", checkMachineWords, "src/wire/a.ts", plain);
passes("a path in a test", checkMachineWords, "tests/unit/a_test.ts", `"/home/me/a";`);
fails("a home folder", checkMachineWords, "src/wire/a.ts", `// see /home/me/notes.md`, "/home/m");
fails("a folder of users in a string", checkMachineWords, "src/wire/a.ts", `export const p = "/Users/x";`, "/Users/x");
fails("a file URL", checkMachineWords, "workers/a.ts", `// file:///root/a.ts\n`, "/root/a");
fails("a registry's host", checkMachineWords, "mod.ts", `// from registry.example.org\n`, "registry.example.org");
