// Converts an OpenAPI document to a Postman collection, as Postman imports it, and runs it:
// node postman.cjs DOCUMENT URL TOKEN USER PASSWORD; prints the status of each request as JSON.
const fs = require("node:fs");
const converter = require("openapi-to-postmanv2");
const newman = require("newman");

const [document, url, token, user, password] = process.argv.slice(2);
const options = {
  enableOptionalParameters: false,
  folderStrategy: "Tags",
  parametersResolution: "Example",
  requestParametersResolution: "Example",
};

function run(collection) {
  const values = { baseUrl: url, bearerToken: token, basicAuthUsername: user, basicAuthPassword: password };
  const variables = Object.entries(values).map(([key, value]) => ({ key, value }));
  const statuses = [];
  newman
    .run({ collection, environment: { values: variables }, timeoutRequest: 20000 })
    .on("request", (error, { item, response }) => {
      const path = item.request.url.getPath({ unresolved: true });
      statuses.push([`${item.request.method} ${path}`, response?.code ?? String(error)]);
    })
    .on("done", () => console.log(JSON.stringify(statuses)));
}

const input = { type: "string", data: fs.readFileSync(document, "utf8") };
converter.convert(input, options, (error, result) => {
  if (error || !result.result) {
    throw error ?? new Error(result.reason);
  }
  run(result.output[0].data);
});
