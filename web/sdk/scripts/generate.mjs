// Makes types out of a document's schemas: node generate.mjs openapi|socket < document.json > types.ts
import { text } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const OLDER_NAME = /_\d+$/;

/** An AsyncAPI document's schemas are JSON schemas, as those of OpenAPI are. */
function fromAsyncApi({ info, components }) {
  return { openapi: "3.1.0", info, paths: {}, components: { schemas: components.schemas } };
}

/** Leaves out what no type needs: titles, examples, answers of failures (they are all problem documents), older names of operations. */
function slim(document) {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (OLDER_NAME.test(operation.operationId)) delete methods[method];
      // Calls are made by path: what each does is told by the client's own methods.
      for (const key of ["summary", "description"]) delete operation[key];
      for (const status of Object.keys(operation.responses)) if (status >= "400") delete operation.responses[status];
    }
    if (Object.keys(methods).length === 0) delete document.paths[path];
  }
  return JSON.parse(JSON.stringify(document), (key, value) => {
    if (value !== null && typeof value === "object") {
      if (typeof value.title === "string") delete value.title;
      for (const name of ["example", "examples"]) delete value[name];
    }
    return value;
  });
}

const document = JSON.parse(await text(process.stdin));
const tree = await openapiTS(slim(process.argv[2] === "socket" ? fromAsyncApi(document) : document));
process.stdout.write(`// Made by \`make web-types\`. Do not edit.\n${astToString(tree)}`);
