package audit

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/tidegate/tidegate/services/audit/auditverify"
)

const (
	timestampTimeout = 20 * time.Second
	maxTimestamp     = 1 << 20 // bytes of an answer
)

// export copies the newest checkpoint to a directory that somebody else may keep, now and then and once at the end,
// and has it timestamped. What cannot be copied is an alarm and tried again; it never stops the log.
func (r *run) export(ctx context.Context) error {
	if r.cfg.CheckpointDir == "" {
		return nil
	}
	tick := time.NewTicker(r.cfg.ExportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.exportNewest(context.WithoutCancel(ctx))
			return ctx.Err()
		case <-tick.C:
			r.exportNewest(ctx)
		}
	}
}

func (r *run) exportNewest(ctx context.Context) {
	point := r.newest.Load()
	if point == nil || point.Size == 0 {
		return
	}
	if err := r.exportPoint(ctx, *point); err != nil {
		r.cfg.Log.ErrorContext(ctx, "ALARM: checkpoint was not exported, trying again", slog.Uint64("size", point.Size), slog.Any("error", err))
	}
}

// exportPoint writes SIZE.checkpoint and, from the authority, SIZE.tsr over its exact bytes. What is there stays.
func (r *run) exportPoint(ctx context.Context, point auditverify.Checkpoint) error {
	name := filepath.Join(r.cfg.CheckpointDir, fmt.Sprintf("%020d", point.Size))
	if r.shard.n > 1 {
		name = filepath.Join(r.cfg.CheckpointDir, fmt.Sprintf("log-%d", r.shard.n), fmt.Sprintf("%020d", point.Size))
	}
	if err := writeOnce(name+".checkpoint", point.Raw); err != nil {
		return err
	}
	if r.cfg.TimestampURL == "" {
		return nil
	}
	if token, err := os.ReadFile(name + ".tsr"); err == nil {
		return r.keepStamp(name, point.Size, token)
	}
	raw, err := os.ReadFile(name + ".checkpoint") // an idle log signs the same size again: the first one counts
	if err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	token, err := stamp(ctx, r.cfg.TimestampURL, raw)
	if err != nil {
		return err
	}
	if err := writeOnce(name+".tsr", token); err != nil {
		return err
	}
	return r.keepStamp(name, point.Size, token)
}

// keepStamp copies a timestamped checkpoint to where a copy of the log has it, too. The token comes last: with it, both are there.
func (r *run) keepStamp(name string, size uint64, token []byte) error {
	beside := stampPath(r.shard.dir, size)
	if _, err := os.Stat(beside + ".tsr"); err == nil {
		return nil
	}
	raw, err := os.ReadFile(name + ".checkpoint")
	if err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	if err := writeOnce(beside+".checkpoint", raw); err != nil {
		return err
	}
	return writeOnce(beside+".tsr", token)
}

// writeOnce makes a file that is never changed, durably and without a rename, which write-once storage may not know.
func writeOnce(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), dirPerm); err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	return nil
}

// stamp asks an RFC 3161 authority for a token over data and checks that the answer is one. Whether the authority is
// to be trusted is judged by who verifies the token.
func stamp(ctx context.Context, url string, data []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timestampTimeout)
	defer cancel()
	ask, err := timestamp.CreateRequest(bytes.NewReader(data), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true})
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(ask))
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxTimestamp))
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("timestamp: %s answered %s", url, resp.Status)
	}
	token, err := timestamp.ParseResponse(answer)
	if err != nil {
		return nil, fmt.Errorf("timestamp: %w", err)
	}
	if sum := sha256.Sum256(data); !bytes.Equal(token.HashedMessage, sum[:]) {
		return nil, errors.New("timestamp: the token is not of this checkpoint")
	}
	return answer, nil
}
