module github.com/tidegate/tidegate/services/ingest/source/outbox

go 1.26.0

replace github.com/tidegate/tidegate/schemas => ../../../../schemas

replace github.com/tidegate/tidegate/shared => ../../../../shared

replace github.com/tidegate/tidegate/services/ingest => ../..

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/tidegate/tidegate/services/ingest v0.0.0-00010101000000-000000000000
	github.com/tidegate/tidegate/shared v0.0.0-00010101000000-000000000000
)

require (
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
