// Starts the MCP server. Keys come from the environment, which the host fills.
"use strict";

const { spawn } = require("node:child_process");

const command = "npx";
const given = ["-y","parkgraph-mcp"];
const windows = process.platform === "win32";
// npx, uvx and docker are scripts on Windows, which only a shell starts
const server = spawn(command, windows ? given.map((one) => JSON.stringify(one)) : given, { stdio: "inherit", shell: windows });

server.on("error", (error) => {
  console.error(`${command} does not start: ${error.message}. Install it and try again.`);
  process.exit(1);
});
server.on("exit", (code) => process.exit(code === null ? 1 : code));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => server.kill(signal));
}
