package auditlog

// LookAtMost sets how many events a read may look at one by one.
func (l *Reader) LookAtMost(n int64) { l.maxLookedAt = n }
