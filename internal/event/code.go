package event

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// types.txt has every activity type that has a code, one a line: the code is the number of the
// line. Lines are added at its end, and never changed or taken away: the codes are stored. Whoever adds
// one adds a migration too, if only one that does nothing: so that an older version, which does not
// know the code, refuses the database.
//
//go:embed types.txt
var typesText string

var (
	coded = strings.Split(strings.TrimSuffix(typesText, "\n"), "\n")
	codes = func() map[Type]string {
		m := make(map[Type]string, len(coded))
		for i, t := range coded {
			m[Type(t)] = strconv.Itoa(i + 1)
		}
		return m
	}()
)

// Code is what a type is stored as in columns and in keys of counts: a decimal number, or the type
// itself when it has none.
func (t Type) Code() string {
	if code, ok := codes[t]; ok {
		return code
	}
	return string(t)
}

// TypeOfCode is the inverse of Code. Of a type that is stored as it is it returns the same.
func TypeOfCode(code string) Type {
	if n, err := strconv.Atoi(code); err == nil && n >= 1 && n <= len(coded) && strconv.Itoa(n) == code {
		return Type(coded[n-1])
	}
	return Type(code)
}

// Scan implements sql.Scanner: a column has the type's code.
func (t *Type) Scan(src any) error {
	code, ok := src.(string)
	if !ok {
		return fmt.Errorf("event: cannot read a type from %T", src)
	}
	*t = TypeOfCode(code)
	return nil
}
