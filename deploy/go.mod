module github.com/tidegate/tidegate/deploy

go 1.26.0

replace github.com/tidegate/tidegate/schemas => ../schemas

replace github.com/tidegate/tidegate/shared => ../shared

replace github.com/tidegate/tidegate/services/ingest => ../services/ingest

replace github.com/tidegate/tidegate/services/enrichment => ../services/enrichment

replace github.com/tidegate/tidegate/services/screening => ../services/screening

replace github.com/tidegate/tidegate/services/audit => ../services/audit

replace github.com/tidegate/tidegate/services/audit/auditverify => ../services/audit/auditverify

require (
	github.com/tidegate/tidegate/schemas v0.0.0
	github.com/tidegate/tidegate/shared v0.0.0
)
