package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/tidegate/tidegate/services/ingest"
)

// defaultURL is where a door is when nobody says otherwise.
const defaultURL = "http://127.0.0.1:8080"

// doorFlags say which door a verb talks to.
func doorFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "url", Usage: "`URL` of the server; of the one that runs on --data when not given, else " + defaultURL, Sources: cli.EnvVars("TIDEGATE_URL")},
		&cli.StringFlag{Name: "token", Usage: "`TOKEN` with the scope the verb needs", Sources: cli.EnvVars("TIDEGATE_TOKEN")},
		dataFlag(),
	}
}

func dataFlag() cli.Flag {
	return &cli.StringFlag{Name: "data", Usage: "`DIR` of all local state", Value: "data", Sources: cli.EnvVars("TIDEGATE_DATA")}
}

// door is the HTTP door a verb talks to.
type door struct {
	base  *url.URL
	token string
}

// doorOf finds the door: --url, or what the process running on the data directory says of itself.
func doorOf(cmd *cli.Command) (door, error) {
	d := door{token: cmd.String("token")}
	text := cmd.String("url")
	if text == "" {
		running, err := runningOn(cmd.String("data"))
		if err != nil {
			return d, err
		}
		if text = running.HTTP; text == "" {
			text = defaultURL
		}
		if d.token == "" {
			d.token = running.Token
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return d, fmt.Errorf("%q is not the URL of a server", text)
	}
	d.base = u
	return d, nil
}

// running is what a server says of itself in its data directory, in a file that only its owner reads.
type running struct {
	HTTP  string `json:"http"`
	Token string `json:"token"`
}

func runningOn(data string) (r running, err error) {
	b, err := os.ReadFile(filepath.Join(data, "running.json"))
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("find the running server: %w", err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", filepath.Join(data, "running.json"), err)
	}
	return r, nil
}

// at is the URL of a path with a query.
func (d door) at(query url.Values, path ...string) string {
	u := d.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	return u.String()
}

// do sends a request with the token.
func (d door) do(ctx context.Context, method, to, media string, body io.Reader) (*http.Response, error) {
	headers := map[string]string{}
	if media != "" {
		headers["Content-Type"] = media
	}
	return d.send(ctx, method, to, body, headers)
}

// send is do with any headers.
func (d door) send(ctx context.Context, method, to string, body io.Reader, headers map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	return http.DefaultClient.Do(req)
}

// printLine prints a value as one line of JSON. Lines of a case in it stay as they are, so that their digests can be checked.
func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// get reads one JSON answer into v; a problem is an error that says why.
func (d door) get(ctx context.Context, to string, v any) error {
	resp, err := d.do(ctx, http.MethodGet, to, "", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or of no use
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return said(resp, body)
	}
	if raw, ok := v.(*[]byte); ok {
		*raw = body
		return nil
	}
	return json.Unmarshal(body, v)
}

// said is what a door said instead of what it was asked for.
func said(resp *http.Response, body []byte) error {
	var p ingest.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Type == "" {
		return fmt.Errorf("the server answered %s with %s; is it Tidegate's?", resp.Status, resp.Header.Get("Content-Type"))
	}
	return &ingest.ProblemError{Problem: p}
}
