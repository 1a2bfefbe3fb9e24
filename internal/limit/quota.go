package limit

import (
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// Bounds above what projects and accounts set for themselves. They are defaults: the operator sets
// others with the flags of the same names (docs/operations.md).
var (
	EventsOfDay     = Bound{"events_of_day", "number of events that a project records on one day (UTC)", 5_000_000, Items, fault.Exhausted, "QuotaExceeded"}
	BytesOfDay      = Bound{"bytes_of_day", "size of the events that a project records on one day (UTC)", 20 << 30, Bytes, fault.Exhausted, "QuotaExceeded"}
	ProjectsOwned   = Bound{"projects_owned", "number of projects that an account owns", 100, Items, fault.Exhausted, "QuotaExceeded"}
	StreamsLive     = Bound{"streams_live", "number of live pages that an account has open", 30, Items, fault.Exhausted, "QuotaExceeded"}
	CallsOfProject  = Rate{"calls_of_project", "calls of the Admin API of this project", time.Millisecond, 2000, "QuotaExceeded"}
	ReservedActions = Rate{"reserved_actions", "protective actions of a caller beyond a project's quota", time.Minute, 20, "QuotaExceeded"}
)

// Quota is the group of these bounds.
func Quota() Group {
	return Group{"Quotas, which an operator can set", []Bound{EventsOfDay, BytesOfDay, ProjectsOwned, StreamsLive}, []Rate{CallsOfProject, ReservedActions}}
}

// To returns the bound with another number.
func (b Bound) To(most int64) Bound {
	b.Most = int(most)
	return b
}
