// The Vercel AI SDK under one of its integrations: `current`, over OpenAI's responses, or `legacy`, over its chat completions. A question, a stream, an agent with a tool, and a refusal.

import { createOpenAI } from "@ai-sdk/openai";
import { LegacyOpenTelemetry, OpenTelemetry } from "@ai-sdk/otel";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { generateText, registerTelemetry, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
provider.register();
const openai = createOpenAI({ baseURL: process.env.MODELS + "/v1", apiKey: "none" });
const isLegacy = process.argv[2] === "legacy";
const api = isLegacy ? openai.chat : openai.responses;
const model = api("gpt-4o");
const question = { system: "Be brief.", prompt: "What should I see in Graz?", temperature: 0.5, maxOutputTokens: 100 };
registerTelemetry(isLegacy ? new LegacyOpenTelemetry() : new OpenTelemetry());
const common = { maxRetries: 0, telemetry: { functionId: "guide" } };
const weather = tool({
  description: "The weather now.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `Rain in ${city}.`,
});

async function makeCalls() {
  await generateText({ ...common, ...question, model });
  for await (const _ of streamText({ ...common, ...question, model }).textStream);
  const rain = "Is it raining in Graz?";
  await generateText({ ...common, model, prompt: rain, tools: { weather }, stopWhen: stepCountIs(3) });
  await generateText({ ...common, ...question, model: api("error-429") }).catch(() => {});
}

await trace.getTracer("tram-guide").startActiveSpan("visit", async (span) => {
  span.setAttributes({ "user.id": "u-7", "session.id": "s-7" });
  await makeCalls();
  span.end();
});
await provider.shutdown();
