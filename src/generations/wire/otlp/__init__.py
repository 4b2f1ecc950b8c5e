"""OpenTelemetry: spans and log records of any of its GenAI dialects, understood as generations."""
