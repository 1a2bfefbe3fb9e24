package main

// parseTime reads "2026-11-22T20:14:38.123456Z", which is RFC 3339 in UTC with exactly six
// digits of fraction, and returns microseconds since 1970.
func parseTime(text []byte) (micros int64, ok bool) {
	const form = "dddd-dd-ddTdd:dd:dd.ddddddZ"
	if len(text) != len(form) {
		return 0, false
	}
	for i, c := range text {
		if form[i] == 'd' && (c < '0' || c > '9') || form[i] != 'd' && c != form[i] {
			return 0, false
		}
	}
	number := func(from, to int) (n int64) {
		for _, c := range text[from:to] {
			n = n*10 + int64(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return (((daysSince1970(year, month, day)*24+hour)*60+minute)*60+second)*1e6 + number(20, 26), true
}

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// daysSince1970 counts in years that begin on the first of March, so that the day of a leap
// year is the last one: a month m of them, from 0, begins at day (153*m+2)/5.
func daysSince1970(year, month, day int64) int64 {
	if month < 3 {
		year, month = year-1, month+12
	}
	year += 400 // the year 0 less one is below zero, and division rounds to zero
	days := 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1
	return days - 719468 - 146097 // days before 1970 in these years, and of the 400 years
}
