// client.mjs MODE TOOL ARGUMENTS COMMAND…: what the protocol's TypeScript client gets from a server that COMMAND starts.
// MODE is `legacy` or `auto`; without a TOOL ("-") none is called. Prints one JSON object.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { getSkill, listSkills, readSkill, readSkillResource, serverSupportsSkills } from "@olaservo/ext-skills/client";

const [mode, tool, given, command, ...args] = process.argv.slice(2);
const client = new Client({ name: "judge", version: "1" }, { versionNegotiation: { mode } });
const heard = { tools: [], skills: [], files: 0, problems: [], result: null };
try {
  await client.connect(new StdioClientTransport({ command, args, stderr: "ignore", env: process.env }));
  heard.version = client.getNegotiatedProtocolVersion?.() ?? null;
  heard.tools = (await client.listTools()).tools.map((one) => one.name);
  if (!serverSupportsSkills(client)) heard.problems.push("the server declares no skills");
  else {
    for (const listed of await listSkills(client)) {
      const skill = await getSkill(client, listed.uri);
      if (JSON.stringify(skill.resources) !== JSON.stringify(listed.resources)) heard.problems.push(`${listed.uri} is got with other files`);
      await readSkill(client, skill);
      for (const file of skill.resources) { await readSkillResource(client, skill, file.uri); heard.files += 1; }
      heard.skills.push(listed.uri);
    }
  }
  if (tool !== "-") heard.result = await client.callTool({ name: tool, arguments: JSON.parse(given) });
} catch (error) { heard.problems.push(String(error.message ?? error).slice(0, 300)); }
await client.close().catch(() => {});
console.log(JSON.stringify(heard));
process.exit(0);
