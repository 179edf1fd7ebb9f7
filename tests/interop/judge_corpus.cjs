// node judge_corpus.cjs FILE…: prints a line of JSON for each document: what Microsoft's parser says of it as a whole and of each
// operation, and what its generator makes of each operation alone. Nothing is written to the disk.
"use strict";
const fs = require("fs-extra");
const { SpecParser, ProjectType, ValidationStatus } = require("@microsoft/m365-spec-parser");

const COPILOT = {
  projectType: ProjectType.Copilot,
  isGptPlugin: true,
  allowMissingId: false,
  allowSwagger: true,
  allowAPIKeyAuth: true,
  allowBearerTokenAuth: true,
  allowOauth2: true,
  allowMultipleParameters: true,
  allowConfirmation: true,
  allowResponseSemantics: true,
  allowConversationStarters: true,
  allowMethods: ["get", "post", "put", "patch", "delete"],
};
const APP = {
  $schema: "https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json",
  manifestVersion: "1.19",
  name: { short: "App", full: "App" },
  description: { short: "An app", full: "An app" },
};

let plugin = null;
fs.outputFile = async () => {};
fs.outputJSON = async (file, data) => { if (file.endsWith("ai-plugin.json")) plugin = data; };
const exists = fs.pathExists;
fs.readJSON = async () => structuredClone(APP);
fs.pathExists = async (file) => !file.endsWith("ai-plugin.json") && exists(file);
console.warn = () => {};

async function generated(parser, api) {
  try {
    plugin = null;
    const made = await parser.generateForCopilot("manifest.json", [api], "openapi.json", "ai-plugin.json");
    return {
      refused: null,
      functions: plugin.functions.map((f) => f.name),
      warnings: made.warnings.filter((w) => typeof w.data === "string" || w.type === "generate-card-failed").map((w) => w.type),
    };
  } catch (error) {
    return { refused: error.errorType || "thrown", message: String(error.message).slice(0, 300), functions: [], warnings: [] };
  }
}

async function judged(file) {
  const parser = new SpecParser(file, COPILOT);
  const verdict = await parser.validate();
  const said = {
    file,
    status: ValidationStatus[verdict.status],
    errors: verdict.errors.map((e) => e.type),
    content: verdict.errors.map((e) => String(e.content).slice(0, 600)),
    warnings: verdict.warnings.map((w) => w.type),
    operations: null,
  };
  let listed;
  try {
    listed = (await parser.list()).APIs;
  } catch (error) {
    return said;
  }
  said.operations = {};
  for (const one of listed) {
    said.operations[one.api] = { reasons: one.reason, made: one.isValid ? await generated(parser, one.api) : null };
  }
  return said;
}

(async () => {
  for (const file of process.argv.slice(2)) {
    const begun = Date.now();
    let said;
    try {
      said = await judged(file);
    } catch (error) {
      said = { file, status: "Error", errors: [error.errorType || String(error)], content: [], warnings: [], operations: null };
    }
    said.ms = Date.now() - begun;
    console.log(JSON.stringify(said));
  }
})();
