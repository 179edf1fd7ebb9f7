// node judge_manifest.cjs FILE: prints the errors that Microsoft's published schema, the one named in the file's `$schema`,
// finds in a manifest. The schemas are inside the package; nothing is fetched.
"use strict";
const fs = require("fs");
const { AppManifestUtils } = require("@microsoft/app-manifest");

async function main(file) {
  return AppManifestUtils.validateAgainstSchema(JSON.parse(fs.readFileSync(file, "utf8")));
}

main(process.argv[2]).then(
  (errors) => console.log(JSON.stringify({ errors })),
  (error) => console.log(JSON.stringify({ errors: [error.message] })),
);
