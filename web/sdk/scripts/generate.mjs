// Makes the types of the REST API out of its OpenAPI document: node generate.mjs < openapi.json > openapi.ts
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const OLDER_NAME = /_\d+$/;

/** Leaves out what no type needs: titles, answers of failures (they are all problem documents), older names of operations. */
function slim(document) {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (OLDER_NAME.test(operation.operationId)) delete methods[method];
      else for (const status of Object.keys(operation.responses)) if (status >= "400") delete operation.responses[status];
    }
    if (Object.keys(methods).length === 0) delete document.paths[path];
  }
  return JSON.parse(JSON.stringify(document), (key, value) => {
    if (value !== null && typeof value === "object" && typeof value.title === "string") delete value.title;
    return value;
  });
}

const HEADER = "// Made by `make web-types` out of the OpenAPI document. Do not edit.\n";
const tree = await openapiTS(slim(JSON.parse(await text(process.stdin))));
process.stdout.write(HEADER + astToString(tree));
