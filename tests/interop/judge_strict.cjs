// Prints, for each schema of a JSON array, what OpenAI's own transform says against it, or null where it takes it unchanged.
const fs = require("fs");
const { toStrictJsonSchema } = require("openai/lib/transform");

const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === "object"
      ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
      : value;

const found = JSON.parse(fs.readFileSync(process.argv[2], "utf8")).map((schema) => {
  try {
    const before = JSON.stringify(sorted(schema));
    return JSON.stringify(sorted(toStrictJsonSchema(schema))) === before ? null : "changed";
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(found));
