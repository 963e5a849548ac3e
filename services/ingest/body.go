package ingest

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A gzipped request may grow by so much, and is given some bytes first: what grows more is no order but a bomb.
const (
	maxGrowth   = 200
	firstGrowth = 1 << 20
)

// errTooLarge says that a request is larger than the door takes, and errPacked that it cannot be unpacked.
var (
	errTooLarge = errors.New("the request is too large")
	errPacked   = errors.New("the gzipped request cannot be unpacked")
)

// body reads a request's bytes as its sender packed them, with patience for each read and not for the whole, within limits.
func (s *Service) body(rc *http.ResponseController, r *http.Request) (io.Reader, *Problem) {
	if r.ContentLength > maxBody {
		p := probTooLarge.because("%d bytes; at most %d in one request", r.ContentLength, int64(maxBody))
		return nil, &p
	}
	in := &counted{r: &patientReader{r: r.Body, rc: rc, now: s.cfg.Clock}, most: maxBody}
	switch enc := r.Header.Get("Content-Encoding"); enc {
	case "", "identity":
		return in, nil
	case "gzip", "x-gzip":
		return &unpacked{in: in}, nil
	default:
		p := probMedia.because("content encoding %q; send the orders as they are or gzipped", enc)
		return nil, &p
	}
}

// notRead is the problem of a request that could not be read to its first order.
func notRead(err error) Problem {
	if errors.Is(err, errTooLarge) {
		return probTooLarge.because("%v", err)
	}
	return probOrders.because("%v", err)
}

// unreadable says that the rest of a request cannot be read, through its sender's fault.
func unreadable(err error) bool { return errors.Is(err, errTooLarge) || errors.Is(err, errPacked) }

// patientReader gives the sender time for each read, not for the whole request.
type patientReader struct {
	r   io.Reader
	rc  *http.ResponseController
	now func() time.Time
}

func (p *patientReader) Read(b []byte) (int, error) {
	_ = p.rc.SetReadDeadline(p.now().Add(idleRead)) // not supported by test recorders
	return p.r.Read(b)
}

// counted reads at most so many bytes.
type counted struct {
	r    io.Reader
	n    int64
	most int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.n += int64(n); c.n > c.most {
		return 0, fmt.Errorf("%w: more than %d bytes", errTooLarge, c.most)
	}
	return n, err
}

// unpacked reads gzip as it comes, and stops where it grows too much.
type unpacked struct {
	in  *counted
	z   *gzip.Reader
	n   int64
	err error // the first one, given for ever
}

func (u *unpacked) Read(b []byte) (n int, err error) {
	if u.z == nil && u.err == nil {
		if u.z, err = gzip.NewReader(u.in); err != nil {
			u.err = unpackError(err)
		}
	}
	if u.err != nil {
		return 0, u.err
	}
	n, err = u.z.Read(b)
	switch u.n += int64(n); {
	case u.n > firstGrowth+maxGrowth*u.in.n || u.n > maxBody:
		n, u.err = 0, fmt.Errorf("%w: unpacked it is more than %d times as large", errTooLarge, maxGrowth)
	case err != nil && err != io.EOF: //nolint:errorlint // the end itself, as io.Reader says it
		u.err = unpackError(err)
	default:
		u.err = err
	}
	return n, u.err
}

func unpackError(err error) error {
	if errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %v", errPacked, err) //nolint:errorlint // an EOF in it is not the input's end
}
