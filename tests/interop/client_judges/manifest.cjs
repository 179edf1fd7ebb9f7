// manifest.cjs FILE: what Microsoft's schema of its own version says of an app manifest, as a JSON list.
const { readFileSync } = require("node:fs");
const { AppManifestUtils } = require("@microsoft/app-manifest");
AppManifestUtils.validateAgainstSchema(JSON.parse(readFileSync(process.argv[2], "utf8"))).then((found) => console.log(JSON.stringify(found)));
