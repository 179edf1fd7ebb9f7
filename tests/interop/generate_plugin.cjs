// node generate_plugin.cjs FILE FOLDER: lets Microsoft's generator make a plugin from an OpenAPI document.
// It is the only offline judge that refuses nested objects and composition in what is sent.
"use strict";
const fs = require("fs");
const path = require("path");
const { SpecParser, ProjectType } = require("@microsoft/m365-spec-parser");

async function main(file, folder) {
  const app = path.join(folder, "manifest.json");
  const least = {
    $schema: "https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json",
    manifestVersion: "1.19",
    name: { short: "App", full: "App" },
    description: { short: "An app", full: "An app" },
  };
  fs.writeFileSync(app, JSON.stringify(least));
  const parser = new SpecParser(file, {
    projectType: ProjectType.Copilot,
    isGptPlugin: true,
    allowMissingId: false,
    allowAPIKeyAuth: true,
    allowBearerTokenAuth: true,
    allowOauth2: true,
    allowMultipleParameters: true,
    allowConfirmation: true,
    allowResponseSemantics: true,
    allowConversationStarters: true,
    allowMethods: ["get", "post", "put", "patch", "delete"],
  });
  const usable = (await parser.list()).APIs.filter((o) => o.isValid).map((o) => o.api);
  const plugin = path.join(folder, "ai-plugin.json");
  const made = await parser.generateForCopilot(app, usable, path.join(folder, "openapi.json"), plugin);
  return {
    allSuccess: made.allSuccess,
    warnings: made.warnings.map((w) => w.type),
    plugin: JSON.parse(fs.readFileSync(plugin, "utf8")),
  };
}

main(process.argv[2], process.argv[3]).then(
  (found) => console.log(JSON.stringify(found)),
  (error) => console.log(JSON.stringify({ allSuccess: false, warnings: [], refused: `${error.errorType}: ${error.message}` })),
);
