// Sends orders and reads them back through the generated client.
import createClient from "openapi-fetch";
import type { paths } from "./tidegate.js";

declare const process: { argv: string[] };

const client = createClient<paths>({ baseUrl: process.argv[2] });

function check(ok: unknown, what: string): asserts ok {
  if (!ok) throw new Error(what);
}

const sent = await client.POST("/v1/orders", {
  params: { query: { wait: "receipt" }, header: { "Idempotency-Key": "ts-1" } },
  body: {
    source: "ts", id: "T-1", order_date: "2026-11-20", ship_to: "SG",
    parties: [{ role: "purchaser", name: "Huawei Cloud Singapore", address: { country: "SG" } }],
    items: [{ description: "NVIDIA H100 80GB SXM5", quantity: 8 }],
  },
});
check(sent.response.status === 201 && sent.data && typeof sent.data !== "string" && sent.data.status === "accepted", `sent: ${JSON.stringify(sent)}`);
check(sent.data.record && sent.data.record.leaf >= 0, "no receipt");

const refused = await client.POST("/v1/orders", { body: { id: "T-2", parties: [], items: [] } as never });
check(refused.error && refused.error.status === 422, "a bad order was taken");
check(refused.error.errors?.some((f) => f.pointer === "/parties"), "no pointer to the fault");

const order = await client.GET("/v1/orders/{id}", { params: { path: { id: "T-1" }, query: { source: "ts" } } });
check(order.data?.leaves.length === 1 && order.data.leaves[0].lines.length === 3, `order: ${JSON.stringify(order)}`);

const page = await client.GET("/v1/decisions", { params: { query: { source: "ts", limit: 10 } } });
check(page.data?.decisions[0].decision.outcome === "license", `decisions: ${JSON.stringify(page)}`);

const asked = await client.POST("/v1/screen", {
  body: { id: "Q", parties: [{ role: "purchaser", name: "Holm GmbH", address: { country: "DE" } }], items: [{ description: "desk fan", eccn: "EAR99" }] },
});
check(asked.data && typeof asked.data !== "string" && asked.data.inquiry && asked.data.outcome === "release", `asked: ${JSON.stringify(asked)}`);

const shipped = await client.POST("/v1/orders/{id}/shipped", {
  params: { path: { id: "T-1" }, query: { source: "ts" } }, body: { date: "2026-11-24", document: "DN-7" },
});
check(shipped.data?.status === "accepted", `shipped: ${JSON.stringify(shipped)}`);

const gone = await client.GET("/v1/orders/{id}", { params: { path: { id: "none" } } });
check(gone.error?.type === "urn:tidegate:problem:no-such-order", `not there: ${JSON.stringify(gone)}`);
console.log("ok: a generated client sent, read, asked and was refused as described");
