package portal

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
)

// farthest is a page number beyond which no log has pages.
const farthest = 1 << 40

// readNumber reads which page is asked for. Beside a cursor it is only what the page is called.
func (l *LogPage) readNumber() {
	text := l.Query.Page
	if text == "" {
		if l.Query.After == "" && l.Query.Before == "" {
			l.Number = 1
		}
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > farthest {
		l.Wrong["page"] = "There is no page with this number."
		return
	}
	l.Number = n
}

// pages is how many pages there are, or many.
func (l LogPage) pages() int64 {
	if l.Total == many {
		return many
	}
	return (l.Total + pageSize - 1) / pageSize
}

// firstRow is the number in the result of the page's first event, from 1.
func (l LogPage) firstRow() int64 { return (l.Number-1)*pageSize + 1 }

// paging is the part of the result that the page is.
func (l LogPage) paging() auditlog.Paging {
	size, q := pageSize, l.Query
	paging := auditlog.Paging{First: &size, After: q.After, Ascending: q.Order == "oldest"}
	switch {
	case q.Before != "":
		paging.First, paging.Last, paging.After, paging.Before = nil, &size, "", q.Before
	case q.After != "" || l.Number < 2:
	case l.Number == l.pages(): // the last page is read from the end
		rest := int(l.Total - l.firstRow() + 1)
		paging.First, paging.Last = nil, &rest
	default:
		paging.After = base64.RawURLEncoding.EncodeToString([]byte("offset:" + strconv.FormatInt(l.firstRow()-2, 10)))
	}
	return paging
}

// fill reads the page's rows and counts.
func (p *portal) fill(r *http.Request, v visit, page *LogPage, filter auditlog.Filter) error {
	ctx, bounded := r.Context(), page.bounded(filter)
	counting, cancel := context.WithTimeout(ctx, p.countFor)
	defer cancel()
	var err error
	if page.Total, err = p.count(counting, bounded); err != nil {
		return err
	}
	if pages := page.pages(); page.Query.After == "" && page.Query.Before == "" && pages != many && page.Number > max(1, pages) {
		page.Wrong["page"] = "There is no page " + grouped(page.Number) + "; the last one is page " + grouped(max(1, pages)) + "."
		return nil
	}
	found, err := p.Log.List(ctx, bounded, page.paging())
	switch {
	case isCursor(err):
		page.Wrong["page"] = "The link to this page of the log is damaged. Start again from the first page."
		return nil
	case fault.Is(err, "QueryTooBroad"):
		page.Broad, err = p.tooBroad(ctx, page, bounded, err)
		return err
	case err != nil:
		return err
	}
	if page.Total == many && page.Number == 1 && !found.HasNext && !found.HasPrevious {
		page.Total = int64(len(found.Rows)) // they are all here
	}
	for _, r := range found.Rows {
		row, err := logRow(r)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, row)
	}
	if page.Grows {
		if page.Newer, err = p.count(counting, page.newer(filter)); err != nil {
			return err
		}
	}
	if len(page.Rows) == 0 && page.Number > 1 {
		page.Wrong["page"] = "There is no page " + grouped(page.Number) + "."
		return nil
	}
	if len(page.Rows) == 0 {
		page.Elsewhere, err = p.elsewhere(counting, v, page)
		return err
	}
	page.link(found)
	return nil
}

// link sets the page's number right and leads to the pages beside it.
func (l *LogPage) link(found auditlog.Page) {
	n := len(found.Rows)
	last := l.firstRow() + int64(n) - 1
	if found.HasPrevious != (l.Number > 1) || l.Total != many && (last > l.Total || found.HasNext == (last == l.Total)) {
		l.Number = 0 // what the link called the page is not what was found
	}
	called := func(n int64) string {
		if l.Number == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	if found.HasNext {
		next := l.Query
		next.After, next.Before, next.Page = found.Rows[n-1].Cursor(), "", called(l.Number+1)
		l.Next = "?" + next.encode()
	}
	switch {
	case found.HasPrevious && l.Number == 2:
		l.Previous = l.first()
	case found.HasPrevious:
		previous := l.Query
		previous.After, previous.Before, previous.Page = "", found.Rows[0].Cursor(), called(l.Number-1)
		l.Previous = "?" + previous.encode()
	}
}

// first leads to the first page of the same result.
func (l LogPage) first() string {
	return l.with(func(q *LogQuery) { q.Until = l.Query.Until })
}

// last leads to the last page of the same result.
func (l LogPage) last() string {
	return l.with(func(q *LogQuery) { q.Until, q.Page = l.Query.Until, strconv.FormatInt(l.pages(), 10) })
}

// count counts events, or says many when that takes too long, or too much: the page is worth
// more than its numbers.
func (p *portal) count(ctx context.Context, filter auditlog.Filter) (int64, error) {
	n, err := p.Log.Count(ctx, filter)
	if fault.Is(err, "DatabaseTimeout") || fault.Is(err, "QueryTooBroad") {
		return many, nil
	}
	return n, err
}

// elsewhere counts what a search that finds nothing in this tab would find in the other.
func (p *portal) elsewhere(ctx context.Context, v visit, page *LogPage) (int64, error) {
	if page.Query.Search == "" || page.isPortalLog() {
		return 0, nil
	}
	other := page.Query
	other.Tab, other.Types = page.otherTab(), nil
	filter, wrong, err := p.chosen(ctx, v, other, page.Until)
	if err != nil || len(wrong) > 0 {
		return 0, err
	}
	n, err := p.count(ctx, page.bounded(filter))
	return max(0, n), err
}

func (l LogPage) otherTab() string {
	if l.Query.Tab == "admin" {
		return "users"
	}
	return "admin"
}
