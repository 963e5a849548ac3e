package ingest

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// doorsLook is how often the file of doors is looked at: it and the files it names are small.
const doorsLook = 2 * time.Second

// Doors are the webhooks, streams and mappings that count now.
func (s *Service) Doors() Doors { return *s.doors.Load() }

// Reload puts other doors in the place of those that count: from the next request on for webhooks and mappings; a stream that is as it
// was is read on, one that is gone or another ends when what it took is answered. Connections are not dropped.
func (s *Service) Reload(d Doors) {
	s.doors.Store(&d)
	select {
	case s.reloaded <- struct{}{}:
	default: // it is to be looked at already
	}
}

// watchDoors reads the file of doors again when it or a file it names changed, and when it is told to. Doors with a fault do
// not count: those before stay, and the log says why.
func (s *Service) watchDoors(ctx context.Context) {
	if s.cfg.DoorsFile == "" {
		return
	}
	tick := time.NewTicker(doorsLook)
	defer tick.Stop()
	tried := s.Doors().read
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-s.cfg.Again:
			asked = true
		case <-tick.C:
		}
		if asked || changedFiles(s.cfg.DoorsFile, tried) {
			tried = s.reloadFile(ctx)
		}
	}
}

// reloadFile reads the file of doors and gives what was read.
func (s *Service) reloadFile(ctx context.Context) map[string][sha256.Size]byte {
	d, err := LoadDoors(s.cfg.DoorsFile)
	if err != nil {
		s.log.ErrorContext(ctx, "doors not read again, those before stay", slog.String("file", s.cfg.DoorsFile), slog.Any("error", err))
		if d.read == nil {
			return map[string][sha256.Size]byte{s.cfg.DoorsFile: digestOf(s.cfg.DoorsFile)}
		}
		return d.read
	}
	s.Reload(d)
	s.log.InfoContext(ctx, "doors read again", slog.Int("webhooks", len(d.Webhooks)), slog.Int("streams", len(d.Streams)), slog.Int("maps", len(d.Maps)))
	return d.read
}

// changedFiles says whether one of the files that were read is another now.
func changedFiles(file string, read map[string][sha256.Size]byte) bool {
	if len(read) == 0 {
		_, err := os.Stat(file)
		return err == nil
	}
	for name, was := range read {
		if digestOf(name) != was {
			return true
		}
	}
	return false
}

func digestOf(file string) [sha256.Size]byte {
	b, _ := os.ReadFile(file) // nothing where it cannot be read, as LoadDoors notes it
	return sha256.Sum256(b)
}

// readStreams reads the customer's streams that count, whichever those are, until ctx ends.
func (s *Service) readStreams(ctx context.Context) {
	type reading struct {
		from Stream
		stop context.CancelFunc
		done chan struct{}
	}
	running := map[string]reading{}
	var all sync.WaitGroup
	defer all.Wait()
	for {
		want := s.Doors().Streams
		for name, r := range running {
			if to, ok := want[name]; !ok || !r.from.same(to) {
				r.stop()
				<-r.done
				delete(running, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if _, ok := running[name]; ok {
				continue
			}
			below, stop := context.WithCancel(ctx)
			r := reading{from: want[name], stop: stop, done: make(chan struct{})}
			all.Go(func() { defer close(r.done); s.readStream(below, name, r.from) })
			running[name] = r
		}
		select {
		case <-ctx.Done():
			for _, r := range running {
				r.stop()
			}
			return
		case <-s.reloaded:
		}
	}
}

// same says whether two configurations read the same stream in the same way.
func (a Stream) same(b Stream) bool {
	a.Map, b.Map = nil, nil // by the digest of its text
	return a == b
}
