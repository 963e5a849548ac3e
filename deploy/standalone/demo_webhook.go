package standalone

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/tidegate/tidegate/deploy/standalone/samples"
	"github.com/tidegate/tidegate/services/ingest"
)

// demoHook is the webhook of the sample's web shop.
const demoHook = "web-shop"

// demoDoors opens a webhook for the sample's web shop, with a secret of this run.
func demoDoors() (doors ingest.Doors, secret string, err error) {
	dir, err := os.MkdirTemp("", "tidegate-doors-")
	if err != nil {
		return doors, "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	secret = "shpss_" + rand.Text()
	file := filepath.Join(dir, "doors.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "webhooks: {%s: {scheme: shopify, secrets: [%s]}}\n", demoHook, secret), 0o600); err != nil {
		return doors, "", err
	}
	doors, err = ingest.LoadDoors(file)
	return doors, secret, err
}

// byWebhook says whether a sample comes as its web shop sends it: signed, without a token.
func byWebhook(sample samples.Sample) bool { return strings.Contains(sample.Name, "webhook") }

// submitHook posts a body to the web shop's webhook as the shop does: with its signature and an id of the message.
func submitHook(ctx context.Context, s *Standalone, secret, id string, body []byte) (answer, error) {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	return submitWith(ctx, s.HTTP()+"/v1/webhooks/"+demoHook, http.Header{
		"Content-Type": {"application/json"}, "X-Shopify-Hmac-Sha256": {base64.StdEncoding.EncodeToString(sum.Sum(nil))}, "X-Shopify-Webhook-Id": {id},
	}, body)
}
