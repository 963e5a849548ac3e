package audit

import "context"

// Proven is a leaf with what an outsider needs to check it alone.
type Proven struct {
	Log   string // name of its log, where it is not the first
	Index uint64
	Leaf  []byte // its exact bytes
	Proof []byte // C2SP tlog-proof, with the checkpoint
}

// Prove gives every leaf of an order, by its id or an event's id, each with its proof under the published checkpoint.
func Prove(ctx context.Context, dir, id string) ([]Proven, error) {
	all, err := shards(dir)
	if err != nil {
		return nil, err
	}
	var out []Proven
	for _, sh := range all {
		log, err := sh.open()
		if err != nil {
			return nil, err
		}
		if log == nil {
			continue
		}
		found, err := sh.find(ctx, log, id)
		if err != nil {
			return nil, err
		}
		for _, l := range found {
			proof, err := log.Proof(l.Index)
			if err != nil {
				return nil, err
			}
			out = append(out, Proven{l.Log, l.Index, l.data, proof})
		}
	}
	return out, nil
}
