package standalone

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidegate/tidegate/shared/natsembed"
)

// Running tells verbs with --data DIR where the process that works on DIR has its doors. It is a file in DIR that only
// its owner reads, there while the process runs; after a crash it may be left behind, so a verb that cannot connect
// treats it as absent.
type Running struct {
	PID      int    `json:"pid"`
	HTTP     string `json:"http"`               // base URL of the HTTP door
	NATS     string `json:"nats,omitempty"`     // URL, when the server listens
	Creds    string `json:"creds,omitempty"`    // the clients' credentials file
	Operator string `json:"operator,omitempty"` // the operators' credentials file
	Token    string `json:"token"`              // for the HTTP door, with every scope, while this process runs

	file string
}

func runningFile(data string) string { return filepath.Join(data, "running.json") }

func (s *Standalone) announce() (Running, error) {
	r := Running{
		PID: os.Getpid(), HTTP: s.HTTP(), NATS: s.server.URL(), Creds: filepath.Join(natsDir(s.cfg.Data), natsembed.ClientCreds),
		Operator: filepath.Join(natsDir(s.cfg.Data), natsembed.OperatorCreds), Token: s.Ingest.LocalToken(),
		file: runningFile(s.cfg.Data),
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return r, fmt.Errorf("announce: %w", err)
	}
	if err := os.WriteFile(r.file, append(b, '\n'), 0o600); err != nil {
		return r, fmt.Errorf("announce: %w", err)
	}
	return r, nil
}

func (r Running) remove() { _ = os.Remove(r.file) }

// FindRunning gives the process that works on a data directory; ok is false when none says so.
func FindRunning(data string) (r Running, ok bool, err error) {
	b, err := os.ReadFile(runningFile(data))
	if errors.Is(err, os.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("find the running process: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, false, fmt.Errorf("%s: %w", runningFile(data), err)
	}
	return r, true, nil
}
