package standalone

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tidegate/tidegate/services/enrichment"
	"github.com/tidegate/tidegate/services/screening"
	"github.com/tidegate/tidegate/shared/bus"
)

// inForceOf is what orders of a data directory are judged under now. Where nothing runs, the log says it.
func inForceOf(ctx context.Context, data string) (force, error) {
	nc, err := bus.OperatorOf(ctx, data)
	if errors.Is(err, bus.ErrNotRunning) {
		return moments{ctx, AuditDir(data)}.newest()
	}
	if err != nil {
		return force{}, err
	}
	defer nc.Close()
	return inForceNow(ctx, nc, data)
}

// inForceNow is what the next order is judged under: what was activated last, which the order stream says and the log may not have yet;
// else what the newest decision was made with.
func inForceNow(ctx context.Context, nc *nats.Conn, data string) (force, error) {
	f, err := moments{ctx, AuditDir(data)}.newest()
	if err != nil {
		return f, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return f, fmt.Errorf("what is in force: %w", err)
	}
	now, err := bus.InForceNow(ctx, js)
	if err != nil {
		return f, err
	}
	if now.Masters != "" {
		f.masters = now.Masters
	}
	if err := f.packStored(ctx, js, now.Pack); err != nil {
		return f, fmt.Errorf("pack in force: %w", err)
	}
	if err := f.listsStored(ctx, js, now.Lists); err != nil {
		return f, fmt.Errorf("lists in force: %w", err)
	}
	return f, nil
}

// packStored takes the pack of an object of the reference store; "" is none.
func (f *force) packStored(ctx context.Context, js jetstream.JetStream, digest string) error {
	if digest == "" {
		return nil
	}
	object, err := bus.GetObject(ctx, js, digest)
	if err != nil {
		return err
	}
	p, err := screening.OpenPack(object)
	if err != nil {
		return err
	}
	f.pack = p.Ref()
	return nil
}

// listsStored does the same for lists.
func (f *force) listsStored(ctx context.Context, js jetstream.JetStream, digest string) error {
	if digest == "" {
		return nil
	}
	object, err := bus.GetObject(ctx, js, digest)
	if err != nil {
		return err
	}
	curated, err := enrichment.Curated()
	if err != nil {
		return err
	}
	ref, err := curated.WithListsObject(object)
	if err != nil {
		return err
	}
	f.snapshot = ref.Digest()
	return nil
}
