package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	for _, ends := range []error{nil, errors.New("the disk is gone")} {
		s, err := NewSpool()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		random := rand.New(rand.NewPCG(1, 2))
		var want bytes.Buffer
		pieces := make([][]byte, 200)
		for i := range pieces {
			pieces[i] = make([]byte, random.IntN(200_000))
			for j := range pieces[i] {
				pieces[i][j] = byte(random.Uint32())
			}
			want.Write(pieces[i])
		}
		go func() {
			for _, p := range pieces {
				if _, err := s.Write(p); err != nil {
					t.Error(err)
				}
			}
			s.CloseWrite(ends)
		}()
		var got bytes.Buffer
		if err := s.CopyTo(t.Context(), &got); !errors.Is(err, ends) {
			t.Errorf("ends with %v, want %v", err, ends)
		}
		if ends == nil && !bytes.Equal(got.Bytes(), want.Bytes()) || !bytes.HasPrefix(want.Bytes(), got.Bytes()) {
			t.Errorf("%d bytes are not the %d that were written", got.Len(), want.Len())
		}
	}
	s, err := NewSpool()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if err := s.CopyTo(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("nothing comes: %v", err)
	}
}
