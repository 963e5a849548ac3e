// Package subject declares every stream, subject, header and limit on the bus, with a sentence each. Nothing else
// spells one.
package subject

// Internal streams: one message is a block, and message k of every one is block k. Only the services' credentials
// reach their subjects.
const (
	OrderStream    = "ORDER"    // causes, written by ingest; the only stream whose content cannot be made again
	EnrichedStream = "ENRICHED" // orders with facts, written by enrichment; rebuilt from ORDER byte for byte
	DecisionStream = "DECISION" // cases with judgement, written by screening

	OrderSubject    = "tidegate.block.order"
	EnrichedSubject = "tidegate.block.enriched"
	DecisionSubject = "tidegate.block.decision"
)

// The guard's bucket: the highest checkpoint of the log that was verified, written by audit with compare-and-swap.
const (
	GuardBucket = "GUARD"
	GuardKey    = "audit"
)

// Webhooks out: what endpoints were sent, and what they never took.
const (
	WebhookBucket     = "WEBHOOK"                // by endpoint: how far it is, what is open, its last error
	WebhookDeadStream = "WEBHOOK_DEAD"           // messages given up, as they were; deleted when a replay delivers them
	WebhookDeadPrefix = "tidegate.webhook.dead." // + endpoint's name
)

// Headers of a dead letter, beside those of the public message.
const (
	HeaderDeadID    = "Tidegate-Webhook-Id"    // what the receiver knows it by
	HeaderDeadWhy   = "Tidegate-Webhook-Why"   // the last answer
	HeaderDeadTries = "Tidegate-Webhook-Tries" // attempts that count
	HeaderDeadFrom  = "Tidegate-Webhook-From"  // the public subject it was on
	HeaderDeadTime  = "Tidegate-Webhook-Time"  // when the public message was stored, RFC 3339
)

// What the publishers of decisions and receipts tell of many at once, when they are out: a JSON array with event, outcome and
// deciding rule of each. It is for metrics and traces, and kept nowhere: who does not listen misses it. Only the services'
// credentials reach these subjects.
const (
	ToldDecision = "tidegate.told.decision"
	ToldRecord   = "tidegate.told.record"
)

// ActSubject is the operator's door: request, one event.Act in; the reply comes when it is durable, or says why it was
// refused. Only the services' and the operator's credentials reach it.
const ActSubject = "tidegate.op.v1.act"

// Endpoints that add one step's line to a case, for orders that are judged without becoming one (requests; NATS services,
// found by discovery). Only the services' credentials reach them.
const (
	AskFacts     = "tidegate.ask.facts"     // case with an order line in, with a facts line out; served by enrichment
	AskJudgement = "tidegate.ask.judgement" // case with order and facts in, with a judgement line out; served by screening
)

// AskOrders asks which orders are open, shipped or cancelled, with their newest decisions, a page at a time: request, package deploy/orders
// says its form. Only the services' and the operator's credentials reach it.
const AskOrders = "tidegate.op.v1.orders"

// AskTouched asks which orders a change from one set of lists to another would touch, and hears how far that is until the answer lies in
// the data directory. Only the services' and the operator's credentials reach it.
const AskTouched = "tidegate.op.v1.touched"

// Endpoints of ingest for everybody (requests; a NATS service, found by discovery).
const (
	AskSubmit = "tidegate.v1.ask.submit" // a document with one order or several in, an answer a line out, when all are durable
	AskScreen = "tidegate.v1.ask.screen" // the same, judged without becoming orders: an inquiry a line out
	AskAll    = "tidegate.v1.ask.>"
	Discovery = "$SRV.>" // how services are found
)

// MatchSubject asks who on the lists in force a party may be: request, one event.Question in, one event.Found out. It is the endpoint
// "match" of the NATS micro service "enrichment"; a question that makes no sense is answered with the error 400.
const MatchSubject = "enrichment.match"

// Lanes of replays (requests; NATS services, found by discovery, whose instances share the batches). Only the services' and the operator's
// credentials reach them.
const (
	ReplayJudge = "tidegate.op.v1.replay.judge" // a question's line and a block of past decisions in, one line with what differs out; served beside screening
	ReplayFacts = "tidegate.op.v1.replay.facts" // a line that names a snapshot and a block of causes in, the block with facts lines out; served by enrichment
)

// LoadSubject asks every running instance whether it can load an object of the reference store, before it is activated.
const LoadSubject = "tidegate.op.v1.load"

// The reference store: compiled lists, masters and rule packs, each an object named by the SHA-256 of its bytes. Whoever activates puts them
// there, and each service what it works with; the audit log keeps a copy of what its records name.
const (
	ReferenceBucket = "REFERENCE"
	ReferenceStream = "OBJ_" + ReferenceBucket // the stream that JetStream keeps it in
)

// OperatorPublishes are the subjects that the operator's credentials may publish to: both doors, what asks running instances, what
// reading and writing the reference store takes, what reading decisions does, for replays, and what a look at the newest order does, which says
// what is in force.
var OperatorPublishes = []string{
	IngestSubject, AskAll, MatchSubject, Discovery, "tidegate.op.v1.>", "$O." + ReferenceBucket + ".>", "$JS.API.INFO", "$JS.API.STREAM.INFO." + ReferenceStream,
	"$JS.API.STREAM.PURGE." + ReferenceStream, "$JS.API.STREAM.MSG.GET." + ReferenceStream, "$JS.API.DIRECT.GET." + ReferenceStream + ".>",
	"$JS.API.CONSUMER.CREATE." + ReferenceStream + ".>", "$JS.API.CONSUMER.DELETE." + ReferenceStream + ".>", "$JS.FC." + ReferenceStream + ".>",
	"$JS.API.STREAM.INFO." + DecisionStream, "$JS.API.STREAM.MSG.GET." + DecisionStream, "$JS.API.DIRECT.GET." + DecisionStream, "$JS.API.DIRECT.GET." + DecisionStream + ".>",
	"$JS.API.CONSUMER.CREATE." + DecisionStream + ".>", "$JS.API.CONSUMER.INFO." + DecisionStream + ".>", "$JS.API.CONSUMER.MSG.NEXT." + DecisionStream + ".>",
	"$JS.API.CONSUMER.DELETE." + DecisionStream + ".>",
	"$JS.API.STREAM.INFO." + OrderStream, "$JS.API.STREAM.MSG.GET." + OrderStream, "$JS.API.DIRECT.GET." + OrderStream, "$JS.API.DIRECT.GET." + OrderStream + ".>",
}

// Public streams: one message is one order's CloudEvent (NATS binding, binary mode). They are copies that can be made again.
const (
	PublicDecisionStream = "PUBLIC_DECISION" // decisions, published by screening; not yet logged when they appear
	PublicRecordStream   = "PUBLIC_RECORD"   // receipts, published by audit after the leaf is in a published checkpoint: what lets goods move

	IngestSubject = "tidegate.v1.in.order" // request: one order in; the reply comes when it is durable, or says why it was refused

	PublicDecisionPrefix   = "tidegate.v1.decision." // + source token + "." + outcome
	PublicDecisionWildcard = "tidegate.v1.decision.>"
	PublicAlarmPrefix      = "tidegate.v1.alarm." // + source token + "." + rule: what somebody must hear of at once, in the stream of decisions, behind the decision that says it
	PublicAlarmWildcard    = "tidegate.v1.alarm.>"
	PublicRecordPrefix     = "tidegate.v1.record." // + source token + "." + outcome, "refused" for a refusal
	PublicRecordWildcard   = "tidegate.v1.record.>"
	PublicWildcard         = "tidegate.v1.>"
	IngestQueue            = "ingest" // queue group in which the doors share the ingest subject
)

// Headers of blocks: what activations have put in force for the block, as SHA-256 in lower-case hex; absent where nothing was activated.
const (
	HeaderLists   = "Tidegate-Lists"
	HeaderMasters = "Tidegate-Masters"
	HeaderPack    = "Tidegate-Pack"
)

// Headers of public messages.
const (
	HeaderSequence = "Tidegate-Sequence" // block the message comes from, as a decimal: where its publisher goes on after a restart
	HeaderPlace    = "Tidegate-Place"    // place of the case in that block, from 0
	HeaderRule     = "Tidegate-Rule"     // deciding rule, on decisions that have one
	HeaderLeaf     = "Tidegate-Leaf"     // index of the receipt's leaf in the log
	HeaderLog      = "Tidegate-Log"      // name of that log, where it is not the first

	// CloudEvents 1.0, NATS protocol binding, binary content mode.
	HeaderCESpec    = "ce-specversion"
	HeaderCEID      = "ce-id"
	HeaderCESource  = "ce-source"
	HeaderCEType    = "ce-type"
	HeaderCESubject = "ce-subject"
	HeaderTenant    = "ce-tenant" // an extension: the order's tenant, where it is not "default"

	HeaderKind  = "ce-kind"  // an extension: the kind of the cause that was decided, where it is not placed
	HeaderWhy   = "ce-why"   // an extension: why an order was judged again, on decisions on a rejudge
	HeaderAlarm = "ce-alarm" // an extension: the rule of an alarm, on it and on the decision that it is about

	HeaderContentType = "content-type" // of the data

	TypeDecision = "io.tidegate.v1.decision"
	TypeAlarm    = "io.tidegate.v1.alarm"
	TypeRecord   = "io.tidegate.v1.record"
)

// Token makes any text usable as one subject token: letters, digits, "-" and "_" stay, everything else becomes "_"
// (an empty text "_"). Two texts may share a token; the message says the text itself.
func Token(s string) string {
	if s == "" {
		return "_"
	}
	out := []byte(s)
	for i, c := range out {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			out[i] = '_'
		}
	}
	return string(out)
}

// HeaderText makes any text usable as a header value, as the CloudEvents bindings ask: bytes outside printable ASCII,
// spaces, quotes and percent signs are percent-encoded.
func HeaderText(s string) string {
	const hex = "0123456789ABCDEF"
	plain := func(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '%' }
	for i := range len(s) {
		if plain(s[i]) {
			continue
		}
		out := append(make([]byte, 0, len(s)+16), s[:i]...)
		for _, c := range []byte(s[i:]) {
			if plain(c) {
				out = append(out, c)
			} else {
				out = append(out, '%', hex[c>>4], hex[c&15])
			}
		}
		return string(out)
	}
	return s
}
