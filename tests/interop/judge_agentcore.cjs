// Prints what AWS CDK's own check of a gateway's OpenAPI document finds. The function is internal, so the version is pinned.
const fs = require("node:fs");
const path = require("node:path");

const inside = "plugins/node_modules/aws-cdk-lib/aws-bedrockagentcore/lib/gateway/validation-helpers.js";
const { validateOpenApiSchema } = require(path.join(__dirname, inside));
const schema = fs.readFileSync(process.argv[2], "utf8");
let found;
try {
  found = validateOpenApiSchema({ schema, schemaName: "openapi" });
} catch (error) {
  found = [error.message];
}
console.log(JSON.stringify(found));
