package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// assets are the files that pages load, each under a name that holds the hash of its
// content, so that browsers may keep it for ever.
type assets struct {
	byName map[string]*asset
	icons  map[string]string // the svg elements, by name
}

type asset struct {
	hash, contentType string
	plain             []byte
	gzipped           func() []byte // made when it is first asked for
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// loadAssets reads the embedded files; what it cannot read is a defect of the build.
func loadAssets() *assets {
	a := &assets{byName: map[string]*asset{}, icons: map[string]string{}}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		base := path.Base(name)
		contentType, served := contentTypes[path.Ext(base)]
		if !served {
			return nil
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		if icon, ok := strings.CutPrefix(base, "icon-"); ok {
			svg := strings.Join(strings.Fields(string(content)), " ")
			svg = strings.Replace(svg, "<svg", `<svg aria-hidden="true" focusable="false"`, 1)
			a.icons[strings.TrimSuffix(icon, ".svg")] = svg
			return nil
		}
		sum := sha256.Sum256(content)
		a.byName[base] = &asset{hex.EncodeToString(sum[:8]), contentType, content, sync.OnceValue(func() []byte { return compressed(content) })}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return a
}

func compressed(content []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	_, _ = z.Write(content) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// url returns the path under which a file is served.
func (a *assets) url(name string) string {
	return "/static/" + a.byName[name].hash + "/" + name
}

// ServeHTTP implements http.Handler.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file := a.byName[r.PathValue("name")]
	if file == nil || file.hash != r.PathValue("hash") {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	content := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = file.gzipped()
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // a client that has left needs no answer
	}
}
