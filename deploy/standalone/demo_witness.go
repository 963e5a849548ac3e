package standalone

import (
	"context"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/tidegate/tidegate/services/audit"
	"github.com/tidegate/tidegate/services/audit/witness"
)

// demoWitness runs a witness for the demo's log, with its state in a directory that the log knows nothing of. It shows the way
// a checkpoint goes; a witness that proves something runs on somebody else's machine.
func demoWitness(ctx context.Context, data string) (policy []byte, stop func(), err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, err
	}
	key, err := audit.MakeKey(AuditDir(data), "")
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "tidegate-witness-")
	if err != nil {
		return nil, nil, err
	}
	w, err := witness.New(witness.Config{Dir: dir, Name: "witness.demo.example", Logs: []string{key}})
	if err != nil {
		return nil, nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	srv := &http.Server{Handler: w, ReadTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.Serve(l) }()
	return w.Policy("http://" + l.Addr().String()), func() { _ = srv.Close(); <-ended; _ = os.RemoveAll(dir) }, nil
}
