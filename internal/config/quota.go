package config

// Quota bounds what projects and accounts take, whatever they set for themselves; 0 is no bound.
// The defaults are those of package limit.
type Quota struct {
	// MaxEventsOfDay and MaxBytesOfDay bound what a project records on one day (UTC).
	MaxEventsOfDay int64 `help:"Events that a project may record on one day (UTC); 0 for no limit." default:"5000000" env:"SEALOG_MAX_EVENTS_OF_DAY"`
	MaxBytesOfDay  int64 `help:"Bytes of events that a project may record on one day (UTC); 0 for no limit." default:"21474836480" env:"SEALOG_MAX_BYTES_OF_DAY"`
	// MaxCallsPerSecond bounds the calls of the Admin API of a project, by all of its keys.
	MaxCallsPerSecond int64 `help:"Calls of the Admin API of a project in a second, by all of its keys; 0 for no limit." default:"1000" env:"SEALOG_MAX_CALLS_PER_SECOND"`
	// MaxProjectsOwned bounds the projects of which an account is an owner when it makes another.
	MaxProjectsOwned int64 `help:"Projects that an account may own; 0 for no limit." default:"100" env:"SEALOG_MAX_PROJECTS_OWNED"`
	// MaxStreams bounds the live pages that an account has open.
	MaxStreams int `help:"Live pages that an account may have open; 0 for no limit." default:"30" env:"SEALOG_MAX_STREAMS"`
}

func (q Quota) validate() (errs []error) {
	if min(q.MaxEventsOfDay, q.MaxBytesOfDay, q.MaxCallsPerSecond, q.MaxProjectsOwned, int64(q.MaxStreams)) < 0 {
		errs = append(errs, invalid("--max-events-of-day, --max-bytes-of-day, --max-calls-per-second, --max-projects-owned and --max-streams must not be negative; 0 is no limit"))
	}
	if q.MaxCallsPerSecond > 1_000_000 {
		errs = append(errs, invalid("--max-calls-per-second must be at most 1000000; 0 is no limit"))
	}
	return errs
}
