package page

import (
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/shared/certificate"
)

// Flags are the flags of whoever serves the auditor's page.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "auditor", Usage: "`HOST:PORT` of the auditor's page, such as 127.0.0.1:8081; :8081 is this machine's own; without it none is served", Sources: cli.EnvVars("TIDEGATE_AUDITOR")},
		&cli.StringFlag{Name: "auditor-tls-cert", Usage: "certificate `FILE` of the auditor's page, PEM; the HTTP door's where it has one", Sources: cli.EnvVars("TIDEGATE_AUDITOR_TLS_CERT")},
		&cli.StringFlag{Name: "auditor-tls-key", Usage: "its key `FILE`", Sources: cli.EnvVars("TIDEGATE_AUDITOR_TLS_KEY")},
	}
}

// FromFlags is what the flags say of the auditor's page of a data directory; its Listen is empty where none is wanted.
func FromFlags(c *cli.Command, run audit.Config) Config {
	data := c.String("data")
	cfg := Config{
		Dir: filepath.Join(data, "audit"), Tokens: filepath.Join(data, "ingest"), Listen: c.String("auditor"),
		TLS:       certificate.Files{Cert: c.String("auditor-tls-cert"), Key: c.String("auditor-tls-key")},
		Witnesses: run.Witnesses, CheckpointDir: run.CheckpointDir,
	}
	if !cfg.TLS.Set() {
		cfg.TLS = certificate.Files{Cert: c.String("tls-cert"), Key: c.String("tls-key")}
	}
	return cfg
}
