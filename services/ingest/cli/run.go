package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
	"github.com/tidegate/tidegate/shared/certificate"
)

// RunFlags say how a running server's doors are configured.
func RunFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "doors", Usage: "`FILE` of webhooks and streams to read, again when it changes and on SIGHUP; doors.yaml in the data directory when there is one", Sources: cli.EnvVars("TIDEGATE_DOORS")},
		&cli.StringFlag{Name: "tls-cert", Usage: "certificate `FILE` of the HTTP door, PEM; read again when it changes", Sources: cli.EnvVars("TIDEGATE_TLS_CERT")},
		&cli.StringFlag{Name: "tls-key", Usage: "its key `FILE`", Sources: cli.EnvVars("TIDEGATE_TLS_KEY")},
	}
}

// RunConfig reads what RunFlags say, over a data directory.
func RunConfig(cmd *cli.Command, data string) (cfg ingest.Config, err error) {
	cfg.TLS = certificate.Files{Cert: cmd.String("tls-cert"), Key: cmd.String("tls-key")}
	if cfg.TLS.Set() && (cfg.TLS.Cert == "" || cfg.TLS.Key == "") {
		return cfg, errors.New("--tls-cert and --tls-key go together")
	}
	file := cmd.String("doors")
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	cfg.Again = again
	if file == "" {
		file = filepath.Join(data, "doors.yaml")
		cfg.DoorsFile = file // it may come later
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return cfg, nil
		}
	}
	cfg.DoorsFile = file
	if cfg.Doors, err = ingest.LoadDoors(file); err != nil {
		return cfg, fmt.Errorf("--doors: %w", err)
	}
	return cfg, nil
}
