// node judge_openapi.cjs FILE: prints what Microsoft's parser says of an OpenAPI document for a Copilot plugin, as JSON.
// The defaults of the parser are those of Teams message extensions, so every allowance of Copilot is given here.
"use strict";
const { SpecParser, ProjectType, ValidationStatus } = require("@microsoft/m365-spec-parser");

const COPILOT = {
  projectType: ProjectType.Copilot,
  isGptPlugin: true,
  allowMissingId: false,
  allowSwagger: false,
  allowAPIKeyAuth: true,
  allowBearerTokenAuth: true,
  allowOauth2: true,
  allowMultipleParameters: true,
  allowConfirmation: true,
  allowResponseSemantics: true,
  allowConversationStarters: true,
  allowMethods: ["get", "post", "put", "patch", "delete"],
};

async function main(file) {
  const parser = new SpecParser(file, COPILOT);
  const verdict = await parser.validate();
  const listed = await parser.list();
  return {
    status: ValidationStatus[verdict.status],
    errors: verdict.errors.map((e) => e.type),
    warnings: verdict.warnings.map((w) => w.type),
    operations: listed.APIs.map((o) => ({ id: o.operationId, usable: o.isValid, reasons: o.reason })),
  };
}

main(process.argv[2]).then(
  (found) => console.log(JSON.stringify(found)),
  (error) => console.log(JSON.stringify({ status: "Error", errors: [error.errorType || error.message], warnings: [], operations: [] })),
);
