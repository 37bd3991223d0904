// Signs in and creates, reads, changes, deletes and lists students: openapi-fetch with the types
// of openapi-typescript. The compiler checks every path, parameter, body and response.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; exit(status: number): never };

const [url, userName, password, student] = process.argv.slice(2) as [string, string, string, string];

function check(holds: boolean, what: string): asserts holds {
  if (!holds) {
    throw new Error(what);
  }
}

function received<T>(data: T | undefined, error: unknown): T {
  check(data !== undefined, JSON.stringify(error));
  return data;
}

const anonymous = createClient<paths>({ baseUrl: url });
const signedIn = await anonymous.POST("/v1/tokens", {
  headers: { Authorization: `Basic ${btoa(`${userName}:${password}`)}` },
});
const token = received(signedIn.data, signedIn.error).access_token;

const client = createClient<paths>({
  baseUrl: url,
  headers: { Authorization: `Bearer ${token}` },
});
const body: components["schemas"]["StudentBody"] = JSON.parse(student);
const created = await client.POST("/v1/students", { body });
const key = received(created.data, created.error).student_id;
check(created.response.headers.get("Location") === `/v1/students/${key}`, "Location");

const path = { student_id: key };
const read = await client.GET("/v1/students/{student_id}", { params: { path } });
check(received(read.data, read.error).last_name === body.last_name, "the last name");

const changed = await client.PATCH("/v1/students/{student_id}", {
  params: { path, header: { "If-Match": read.response.headers.get("ETag") ?? "" } },
  headers: { "Content-Type": "application/merge-patch+json" },
  body: { last_name: "Changed", address: { phone: "+1 555 0199" } },
});
check(received(changed.data, changed.error).last_name === "Changed", "the changed name");

const page = await client.GET("/v1/students", { params: { query: { limit: 2 } } });
const list = received(page.data, page.error);
check(list.items.length === 2 && list.next?.includes("cursor=") === true, "the page");

const deleted = await client.DELETE("/v1/students/{student_id}", {
  params: { path, header: { "If-Match": changed.response.headers.get("ETag") ?? "" } },
});
check(deleted.response.status === 204, "the deletion");
const missing = await client.GET("/v1/students/{student_id}", { params: { path } });
check(missing.error?.status === 404, "the problem");
