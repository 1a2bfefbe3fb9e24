package auditlog

// Within returns a reader like l that looks at no more than n events one by one, for a database
// that is slower or faster than others; what New returns looks at a million.
func (l *Reader) Within(n int64) *Reader {
	within := *l
	within.maxLookedAt, within.maxLeftOut = n, min(n, l.maxLeftOut)
	return &within
}
