package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/event"
)

// byteOrderMark is how a spreadsheet is told that a table is UTF-8.
const byteOrderMark = "\ufeff"

type csvWriter struct {
	out io.Writer
	csv *csv.Writer
}

func newCSV(w io.Writer) csvWriter {
	c := csv.NewWriter(w)
	c.UseCRLF = true // RFC 4180, section 2
	return csvWriter{w, c}
}

func (c csvWriter) head() error {
	if _, err := io.WriteString(c.out, byteOrderMark); err != nil {
		return fmt.Errorf("export: csv: %w", err)
	}
	return c.write(header)
}

func (c csvWriter) line(l tableLine) error {
	cells := l.cells()
	for i, cell := range cells {
		cells[i] = fitting(harmless(cell), l.EventID)
	}
	return c.write(cells)
}

func (c csvWriter) write(cells []string) error {
	if err := c.csv.Write(cells); err != nil {
		return fmt.Errorf("export: csv: %w", err)
	}
	return nil
}

func (c csvWriter) flush() error {
	c.csv.Flush()
	if err := c.csv.Error(); err != nil {
		return fmt.Errorf("export: csv: %w", err)
	}
	return nil
}

// harmless is a cell that no spreadsheet takes for a formula. What begins like one, be it
// behind spaces and quotes, gets an apostrophe in front.
func harmless(cell string) string {
	if beginsFormula(cell) {
		return "'" + cell
	}
	return cell
}

func beginsFormula(cell string) bool {
	for len(cell) > 0 {
		r, size := utf8.DecodeRuneInString(cell)
		if strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) {
			return true
		}
		if !unicode.IsSpace(r) && !strings.ContainsRune("\"'\ufeff\u200b", r) {
			return false
		}
		cell = cell[size:]
	}
	return false
}

// maxCell is how many characters, in UTF-16, a cell of a spreadsheet keeps: Excel and LibreOffice
// drop the rest without a word.
const maxCell = 32_767

// fitting is a cell that a spreadsheet keeps. One that is longer is cut, and ends with the event
// whose JSON has it whole.
func fitting(cell string, id event.ID) string {
	if len(cell) <= maxCell {
		return cell
	}
	end := fmt.Sprintf("… [cut, see event %s]", id)
	left, at := maxCell-len(utf16.Encode([]rune(end))), len(cell)
	units := 0
	for i, r := range cell {
		if units <= left {
			at = i
		}
		if units += max(1, utf16.RuneLen(r)); units > maxCell {
			return cell[:at] + end
		}
	}
	return cell
}
