package auditlog

// Few returns a reader like l that looks up at once what at most n events mention.
func (l *Reader) Few(n int) *Reader {
	few := *l
	few.few = n
	return &few
}
