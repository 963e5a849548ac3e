module github.com/tidegate/tidegate/schemas

go 1.26.0

