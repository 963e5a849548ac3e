package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/schemas/subject"
	"github.com/tidegate/tidegate/shared/clock"
)

// MaxObject bounds one object of the reference store: a compiled set of all official lists is a few megabytes.
const MaxObject = 512 << 20

// objectTimeout bounds one try to read or write an object: a server that dies in between never answers it, and whoever
// starts waits for it.
func objectTimeout(size uint64) time.Duration {
	return 5*time.Second + time.Duration(size/objectRate)*time.Second
}

// objectRate is how many bytes a second the slowest server is trusted to move.
const objectRate = 2 << 20

// The errors of the reference store that trying again does not mend.
var (
	ErrNoObject = errors.New("the reference store does not hold it")
	ErrDamaged  = errors.New("the reference store holds other bytes than its name says")
)

// PutObject keeps bytes in the reference store under their SHA-256 and gives it. What is there already stays.
func PutObject(ctx context.Context, js jetstream.JetStream, what string, data []byte) (digest string, err error) {
	if len(data) > MaxObject {
		return "", fmt.Errorf("%s of %d bytes; at most %d can be distributed", what, len(data), MaxObject)
	}
	digest = digestOf(data)
	ctx, cancel := context.WithTimeout(ctx, objectTimeout(uint64(len(data))))
	defer cancel()
	store, err := js.ObjectStore(ctx, subject.ReferenceBucket)
	if err != nil {
		return "", fmt.Errorf("open the reference store: %w", err)
	}
	if info, err := store.GetInfo(ctx, digest); err == nil && info.Size == uint64(len(data)) {
		return digest, nil
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: digest, Description: what}, bytes.NewReader(data)); err != nil {
		return "", fmt.Errorf("put %s %s into the reference store: %w", what, digest, kind(err))
	}
	return digest, nil
}

// GetObject reads an object of the reference store and holds it to its digest. ErrNoObject and ErrDamaged (wrapped) do not get better by
// trying again.
func GetObject(ctx context.Context, js jetstream.JetStream, digest string) ([]byte, error) {
	if err := checkDigest(digest); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoObject, err)
	}
	asked, answered := context.WithTimeout(ctx, objectTimeout(0))
	defer answered()
	store, err := js.ObjectStore(asked, subject.ReferenceBucket)
	if err != nil {
		return nil, fmt.Errorf("open the reference store: %w", err)
	}
	info, err := store.GetInfo(asked, digest)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, fmt.Errorf("%s: %w", digest, ErrNoObject)
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s in the reference store: %w", digest, err)
	}
	ctx, cancel := context.WithTimeout(ctx, objectTimeout(info.Size))
	defer cancel()
	r, err := store.Get(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("read %s from the reference store: %w", digest, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, MaxObject+1))
	if err := errors.Join(err, r.Close()); err != nil && !errors.Is(err, jetstream.ErrDigestMismatch) {
		return nil, fmt.Errorf("read %s from the reference store: %w", digest, err)
	}
	if digestOf(data) != digest {
		return nil, fmt.Errorf("%s: %w", digest, ErrDamaged)
	}
	return data, nil
}

// AwaitObject is GetObject that waits for a server that does not answer.
func AwaitObject(ctx context.Context, js jetstream.JetStream, digest string, log *slog.Logger) ([]byte, error) {
	var pause clock.Backoff
	for {
		data, err := GetObject(ctx, js, digest)
		if err == nil || errors.Is(err, ErrNoObject) || errors.Is(err, ErrDamaged) || ctx.Err() != nil {
			return data, err
		}
		log.WarnContext(ctx, "waiting for the reference store", slog.Any("error", err))
		if err := pause.Wait(ctx); err != nil {
			return nil, err
		}
	}
}

// KeepObjects puts what a service works with into the reference store, so that the audit log can keep it as long as the records that name
// it. It tries again while the server does not answer; anything else is said and passed over.
func KeepObjects(ctx context.Context, js jetstream.JetStream, what string, objects [][]byte, log *slog.Logger) {
	for _, data := range objects {
		var pause clock.Backoff
		for {
			_, err := PutObject(ctx, js, what, data)
			if err == nil || ctx.Err() != nil {
				break
			}
			log.WarnContext(ctx, "reference object not kept, trying again", slog.String("what", what), slog.Any("error", err))
			if errors.Is(err, ErrFull) || pause.Wait(ctx) != nil {
				break
			}
		}
	}
}
