// What a client of the API does, typed by its schema: reads, writes, comes second, is refused.
// Run by ../test_api_clients.py with the portal's address, a token and an indicator's number.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; exitCode: number };
const [baseUrl, token, indicator] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Bearer ${token}`, "Accept-Language": "en" },
});

const listed = await client.GET("/api/v1/indicators/", { params: { query: { page_size: 5 } } });
// A list comes as JSON unless another format was asked for.
const page = typeof listed.data === "object" ? listed.data : undefined;
const names: string[] = (page?.results ?? []).map((row) => row.name);

const body: components["schemas"]["ActualCreateRequest"] = {
  indicator: Number(indicator),
  fiscal_year: 2025,
  value: "7",
};
const made = await client.POST("/api/v1/actuals/", { body });
const value: string | null | undefined = made.data?.value;
const second = await client.POST("/api/v1/actuals/", { body });

// What the schema does not have is refused before it is sent.
// @ts-expect-error a parameter that is not there
await client.GET("/api/v1/indicators/", { params: { query: { fiscal_yaer: 2025 } } });
// @ts-expect-error a number where figures are text
const wrong: string = made.data?.version;

console.log(
  JSON.stringify({
    names,
    made: [made.response.status, value],
    second: [second.response.status, second.error?.title, second.error?.type],
    wrong,
  }),
);
