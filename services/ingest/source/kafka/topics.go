package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicErrors says what stands against each topic; nil where nothing does.
func topicErrors(ctx context.Context, client *kgo.Client, topics []string) (map[string]error, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = new(topic)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	found := map[string]error{}
	for _, t := range resp.Topics {
		if t.Topic != nil {
			found[*t.Topic] = kerr.ErrorForCode(t.ErrorCode)
		}
	}
	return found, nil
}
