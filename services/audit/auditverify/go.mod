module github.com/tidegate/tidegate/services/audit/auditverify

go 1.26.0

replace github.com/tidegate/tidegate/schemas => ../../../schemas

require github.com/tidegate/tidegate/schemas v0.0.0-00010101000000-000000000000

require golang.org/x/mod v0.42.0
