import { assertEquals } from "@std/assert";
import { EcnState, EcnValidator } from "../../../src/reliability/ecn_validator.ts";

function started(marked = 10): EcnValidator {
  const ecn = new EcnValidator();
  ecn.start();
  for (let i = 0; i < marked; i++) ecn.handleMarkedSent();
  return ecn;
}

Deno.test("EcnValidator is off until it is started, then marks ten packets, then waits", () => {
  const ecn = new EcnValidator();
  assertEquals([ecn.marks, ecn.handleAck(0, 5, 0, 5), ecn.state], [false, 0, EcnState.Off]);
  ecn.start();
  for (let i = 0; i < 10; i++) {
    assertEquals(ecn.marks, true);
    ecn.handleMarkedSent();
  }
  assertEquals([ecn.marks, ecn.state], [false, EcnState.Testing]);
});

Deno.test("EcnValidator believes counts that add up, and tells what was newly marked", () => {
  const ecn = started();
  assertEquals([ecn.handleAck(4, 4, 0, 0), ecn.state, ecn.marks], [0, EcnState.Capable, true]);
  assertEquals([ecn.handleAck(3, 5, 0, 2), ecn.handleAck(2, 7, 0, 2), ecn.state], [2, 0, EcnState.Capable]);
});

Deno.test("EcnValidator fails when counts are missing, shrink, are too many, too few or of another mark", () => {
  const wrong: [string, number[]][] = [
    ["missing", [3, -1, 0, 0]],
    ["shrinking ect0", [1, 3, 0, 2]],
    ["shrinking ce", [1, 6, 0, 0]],
    ["ect1", [1, 5, 1, 1]],
    ["too few", [3, 5, 0, 2]],
    ["more than was sent", [1, 9, 0, 2]],
  ];
  for (const [name, [marked, ect0, ect1, ce]] of wrong) {
    const ecn = started();
    ecn.handleAck(5, 4, 0, 1);
    assertEquals([ecn.handleAck(marked!, ect0!, ect1!, ce!), ecn.state, ecn.marks], [0, EcnState.Failed, false], name);
    assertEquals(ecn.handleAck(1, 6, 0, 3), 0);
  }
});

Deno.test("EcnValidator passes over acknowledgements without counts of packets that were not marked", () => {
  const ecn = started();
  assertEquals([ecn.handleAck(0, -1, 0, 0), ecn.state], [0, EcnState.Testing]);
});

Deno.test("EcnValidator fails when all packets of the test are lost, and no later", () => {
  const ecn = started();
  for (let i = 0; i < 9; i++) ecn.handleMarkedLost();
  assertEquals(ecn.state, EcnState.Testing);
  ecn.handleMarkedLost();
  assertEquals(ecn.state, EcnState.Failed);
  const capable = started();
  capable.handleAck(1, 1, 0, 0);
  for (let i = 0; i < 20; i++) capable.handleMarkedLost();
  assertEquals(capable.state, EcnState.Capable);
});

Deno.test("EcnValidator.start() begins anew on another path", () => {
  const ecn = started();
  ecn.handleAck(1, -1, 0, 0);
  ecn.start();
  assertEquals([ecn.state, ecn.marks], [EcnState.Testing, true]);
  ecn.handleMarkedSent();
  assertEquals([ecn.handleAck(1, 1, 0, 0), ecn.state], [0, EcnState.Capable]);
  ecn.stop();
  assertEquals([ecn.state, ecn.marks], [EcnState.Off, false]);
});
