module github.com/tidegate/tidegate/services/screening

go 1.26.0

replace github.com/tidegate/tidegate/schemas => ../../schemas

replace github.com/tidegate/tidegate/shared => ../../shared

require (
	github.com/tidegate/tidegate/schemas v0.0.0
	github.com/tidegate/tidegate/shared v0.0.0
)
