// Verify judges a log's folder with Go's own checksum-database code, of which it uses the parts that believe nothing:
// every leaf, every tile and the root are recomputed from the entries.
//
//	verify DIR VKEYFILE [KEPT-NOTE]
//
// VKEYFILE has one verifier key a line, the log's first; the others are witnesses, whose cosignatures must be there.
// KEPT-NOTE is a checkpoint that was kept earlier: the log must have grown out of it.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

// judge knows the keys and the folder.
type judge struct {
	directory string
	log       note.Verifier
	witnesses []string
}

// checkpoint is what a note says of a log.
type checkpoint struct {
	size int64
	root tlog.Hash
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "verify DIR VKEYFILE [KEPT-NOTE]")
		os.Exit(2)
	}
	size, err := run(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("ok size=%d\n", size)
}

func run(directory, keyFile string, kept []string) (int64, error) {
	keys, err := os.ReadFile(keyFile)
	if err != nil {
		return 0, err
	}
	lines := strings.Fields(string(keys))
	if len(lines) == 0 {
		return 0, fmt.Errorf("%s: no key", keyFile)
	}
	log, err := note.NewVerifier(lines[0])
	if err != nil {
		return 0, fmt.Errorf("%s: %w", keyFile, err)
	}
	judge := &judge{directory, log, lines[1:]}
	stands, err := judge.open(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return 0, err
	}
	proofs, _ := filepath.Glob(filepath.Join(directory, "proofs", "*.tlog-proof"))
	leaves, err := judge.recompute(stands)
	if err != nil {
		return 0, err
	}
	for _, proof := range proofs {
		if err := judge.included(proof, leaves); err != nil {
			return 0, fmt.Errorf("%s: %w", proof, err)
		}
	}
	if len(kept) == 1 {
		if err := judge.grown(kept[0], stands); err != nil {
			return 0, err
		}
	}
	return stands.size, nil
}

func (judge *judge) open(path string) (checkpoint, error) {
	message, err := os.ReadFile(path)
	if err != nil {
		return checkpoint{}, err
	}
	stands, err := judge.read(message)
	if err != nil {
		return checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	return stands, nil
}

// read opens a note: signed by the log, cosigned by every witness.
func (judge *judge) read(message []byte) (checkpoint, error) {
	opened, err := note.Open(message, note.VerifierList(judge.log))
	if err != nil {
		return checkpoint{}, err
	}
	for _, key := range judge.witnesses {
		if err := cosigned(opened, key); err != nil {
			return checkpoint{}, err
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != judge.log.Name() {
		return checkpoint{}, errors.New("not a checkpoint of " + judge.log.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, errors.New("bad size")
	}
	root, err := tlog.ParseHash(lines[2])
	return checkpoint{size, root}, err
}

// cosigned checks a cosignature v1 (type 04), which Go's note package does not know.
func cosigned(opened *note.Note, text string) error {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return errors.New("bad witness key " + text)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return errors.New("bad witness key " + text)
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if parts[1] != fmt.Sprintf("%x", id[:4]) {
		return errors.New("bad witness key " + text)
	}
	for _, signature := range opened.UnverifiedSigs {
		if signature.Name != parts[0] || signature.Hash != binary.BigEndian.Uint32(id[:4]) {
			continue
		}
		decoded, err := base64.StdEncoding.DecodeString(signature.Base64)
		if err != nil || len(decoded) != 4+8+64 {
			return errors.New("bad cosignature of " + parts[0])
		}
		time := binary.BigEndian.Uint64(decoded[4:12])
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, opened.Text)
		if !ed25519.Verify(key[1:], []byte(message), decoded[12:]) {
			return errors.New("bad cosignature of " + parts[0])
		}
		return nil
	}
	return errors.New("no cosignature of " + parts[0])
}

// path names the file of a tile or bundle of so many hashes or entries.
func path(level string, index int64, count int) string {
	name := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	if count < width {
		name += fmt.Sprintf(".p/%d", count)
	}
	return "tile/" + level + "/" + name
}

// recompute hashes every entry, compares every tile and the root, and returns the leaves' hashes.
func (judge *judge) recompute(stands checkpoint) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for index := int64(0); index*width < stands.size; index++ {
		count := width
		if left := stands.size - index*width; left < width {
			count = int(left)
		}
		name := path("entries", index, count)
		bundle, err := os.ReadFile(filepath.Join(judge.directory, name))
		if err != nil {
			return nil, err
		}
		for entry := 0; entry < count; entry++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s: entry %d is cut short", name, entry)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			leaves = append(leaves, tlog.RecordHash(bundle[2:end]))
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s: %d bytes follow the last entry", name, len(bundle))
		}
	}
	// A level's hashes are those of the full tiles below it.
	for level, hashes := 0, leaves; len(hashes) > 0; level++ {
		var above []tlog.Hash
		for index := 0; index*width < len(hashes); index++ {
			tile := hashes[index*width:]
			if len(tile) >= width {
				tile = tile[:width]
				above = append(above, root(tile))
			}
			if err := judge.compare(path(strconv.Itoa(level), int64(index), len(tile)), tile); err != nil {
				return nil, err
			}
		}
		hashes = above
	}
	if root(leaves) != stands.root {
		return nil, fmt.Errorf("checkpoint: the root of %d entries is another", stands.size)
	}
	return leaves, nil
}

// compare reads a tile and holds it against what it must be, byte by byte.
func (judge *judge) compare(name string, tile []tlog.Hash) error {
	found, err := os.ReadFile(filepath.Join(judge.directory, name))
	if err != nil {
		return err
	}
	var expected []byte
	for _, hash := range tile {
		expected = append(expected, hash[:]...)
	}
	if !bytes.Equal(found, expected) {
		return fmt.Errorf("%s: differs from the entries", name)
	}
	return nil
}

// root is MTH of RFC 6962, section 2.1.
func root(hashes []tlog.Hash) tlog.Hash {
	switch len(hashes) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return hashes[0]
	}
	split := 1
	for split*2 < len(hashes) {
		split *= 2
	}
	return tlog.NodeHash(root(hashes[:split]), root(hashes[split:]))
}

// hashes reads lines of base64.
func hashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// included checks a proof file (c2sp.org/tlog-proof) of an entry of this log.
func (judge *judge) included(path string, leaves []tlog.Hash) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, message, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof file")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil || index < 0 || index >= int64(len(leaves)) || lines[1] != fmt.Sprintf("index %d", index) {
		return errors.New("bad index")
	}
	proof, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	stands, err := judge.read([]byte(message))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, stands.size, stands.root, index, leaves[index])
}

// grown checks that the log begins with what was kept of it.
func (judge *judge) grown(path string, stands checkpoint) error {
	kept, err := judge.open(path)
	if err != nil {
		return err
	}
	if kept.size > stands.size {
		return fmt.Errorf("checkpoint: %d leaves were kept, and the log has %d", kept.size, stands.size)
	}
	name := fmt.Sprintf("consistency.%d-%d", kept.size, stands.size)
	var lines []string
	if kept.size < stands.size {
		text, err := os.ReadFile(filepath.Join(judge.directory, name))
		if err != nil {
			return err
		}
		lines = strings.Fields(string(text))
	}
	proof, err := hashes(lines)
	if err == nil {
		err = tlog.CheckTree(proof, stands.size, stands.root, kept.size, kept.root)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
