module github.com/tidegate/tidegate/shared

go 1.26.0

replace github.com/tidegate/tidegate/schemas => ../schemas

require github.com/segmentio/encoding v0.5.4

require (
	github.com/segmentio/asm v1.1.3 // indirect
	github.com/tidegate/tidegate/schemas v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.0.0-20211110154304-99a53858aa08 // indirect
)
