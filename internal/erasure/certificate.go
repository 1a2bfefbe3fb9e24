package erasure

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// certificateTitle is the first line of a certificate.
const certificateTitle = "Sealog erasure certificate v1"

// maxEarlier bounds how many earlier erasures a certificate names.
const maxEarlier = 10_000

// certificate writes what was erased from a log. It is the text of a signed note (C2SP
// signed-note) whose key is named after the log, "<log id>/erasures", one line for each thing,
// a word and its value:
//
//	Sealog erasure certificate v1
//	log <log id>
//	user <UUID>
//	time <RFC 3339, UTC>
//	reason <text>
//	events <how many lost something in this erasure>
//	fields <how many disclosures they lost>
//	earlier <UUID of an event audit.redacted about the user that was there before>   any number
//	recorded <UUID of an event audit.redacted that this erasure recorded>            one or more
//	<event's UUID> <its position, from 0> <name of a disclosure> …                   for each event, in order
//
// The events audit.redacted say the same within the log, where a verifier looks.
func (r request) certificate(log string, result Result) []byte {
	var b bytes.Buffer
	line := func(words ...string) {
		for i, word := range words {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(word)
		}
		b.WriteByte('\n')
	}
	line(certificateTitle)
	line("log", log)
	line("user", r.user.String())
	line("time", result.At.UTC().Format(time.RFC3339))
	line("reason", r.reason)
	line("events", strconv.Itoa(len(result.Events)))
	line("fields", strconv.Itoa(result.Fields()))
	for _, id := range result.Earlier {
		line("earlier", id.String())
	}
	for _, id := range result.Recorded {
		line("recorded", id.String())
	}
	for _, e := range result.Events {
		line(append([]string{e.ID.String(), strconv.FormatInt(e.Position, 10)}, e.Fields...)...)
	}
	return b.Bytes()
}

// certify completes a result with its certificate.
func (s *Service) certify(ctx context.Context, r request, log string, result *Result) error {
	earlier, err := store.Column[event.ID](ctx, s.db, `
		SELECT id
		FROM events
		WHERE project_id = $1 AND user_id = $2 AND type = $3 AND outcome = $4
		ORDER BY id
		LIMIT $5`, r.project, r.user, redacted, int64(event.Succeeded), int64(maxEarlier+len(result.Recorded)))
	if err != nil {
		return err
	}
	result.Earlier = slices.DeleteFunc(earlier, func(id event.ID) bool { return slices.Contains(result.Recorded, id) })
	key := s.db.Vault().CertificateKey(log)
	result.At, result.Verifier = s.db.Now(), key.Verifier()
	result.Certificate, err = key.SignText(string(r.certificate(log, *result)))
	return err
}
