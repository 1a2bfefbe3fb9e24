package store

import "time"

// A transaction reads its clock before it locks rows, and the clocks of several servers differ, so
// that a later change can have the earlier time. What says when a row was changed never goes back all
// the same: everything that sets updated_at does so through Updated, for the object that goes into
// events, and SetUpdated, for the row.

// Updated returns the time to set as that of a change: now, or that of the change before when it is later.
func Updated(before, now time.Time) time.Time {
	if before.After(now) {
		return before
	}
	return now
}

// SetUpdated is the assignment of an UPDATE that sets updated_at to a value, such as "$4", unless the
// row has a later one. table is empty, or the table's name where another row is in sight.
func SetUpdated(table, value string) string {
	before := "updated_at"
	if table != "" {
		before = table + ".updated_at"
	}
	// The value is named once, since each parameter may come but once (positional).
	return "updated_at = (SELECT CASE WHEN v < " + before + " THEN " + before + " ELSE v END FROM (SELECT CAST(" + value + " AS BIGINT) AS v) AS change)"
}
