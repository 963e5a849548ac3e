// Package tracing sends spans to an OpenTelemetry collector. It is the only package that links the SDK: the services know
// the interface alone.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/urfave/cli/v3"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Flags say where spans go.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "otlp-endpoint", Usage: "`URL` of an OpenTelemetry collector (OTLP over HTTP) that gets the traces of orders; none when empty", Sources: cli.EnvVars("OTEL_EXPORTER_OTLP_ENDPOINT")},
		&cli.FloatFlag{Name: "trace-ratio", Usage: "which part of the orders is traced, 0 to 1; one whose sender traces it (traceparent) always is", Value: 0.01},
	}
}

// Open connects as the flags say. Both results are there even without an endpoint: a nil provider, and a stop that does
// nothing.
func Open(ctx context.Context, cmd *cli.Command) (trace.TracerProvider, func(context.Context) error, error) {
	nothing := func(context.Context) error { return nil }
	endpoint, ratio := cmd.String("otlp-endpoint"), cmd.Float("trace-ratio")
	if endpoint == "" {
		return nil, nothing, nil
	}
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" {
		return nil, nothing, fmt.Errorf("--otlp-endpoint %q is not the URL of a collector", endpoint)
	}
	if ratio < 0 || ratio > 1 {
		return nil, nothing, errors.New("--trace-ratio: want 0 to 1")
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nothing, fmt.Errorf("traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Second)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName("tidegate"))))
	return p, p.Shutdown, nil
}
