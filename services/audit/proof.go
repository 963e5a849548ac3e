package audit

import "context"

// Proven is a leaf with what an outsider needs to check it alone.
type Proven struct {
	Index uint64
	Leaf  []byte // its exact bytes
	Proof []byte // C2SP tlog-proof, with the checkpoint
}

// Prove gives every leaf of an order, by its id or an event's id, each with its proof under the published checkpoint.
func Prove(ctx context.Context, dir, id string) ([]Proven, error) {
	found, _, err := Find(ctx, dir, id)
	if err != nil {
		return nil, err
	}
	log, err := openLog(dir)
	if err != nil {
		return nil, err
	}
	out := make([]Proven, len(found))
	for i, l := range found {
		proof, err := log.Proof(l.Index)
		if err != nil {
			return nil, err
		}
		out[i] = Proven{l.Index, l.data, proof}
	}
	return out, nil
}
