// node judge.mjs FILE: prints what ARD's conformance test, as Lighthouse ships it, says of an AI catalogue.
// This part runs on Node 20; Lighthouse as a whole needs 22.19.
import fs from "node:fs";
import { ConformanceTester } from "lighthouse/third-party/ard/ard.js";

const tester = new ConformanceTester();
try {
  tester.validate_manifest(fs.readFileSync(process.argv[2], "utf8"), process.argv[2]);
} catch (error) {
  tester.errors.push({ message: String(error) });
}
console.log(JSON.stringify({ errors: tester.errors, warnings: tester.warnings }));
