// FerretDB on SQLite behind a relay, for tests: FerretDB 1.x reads and writes the documents of an update, a delete or a
// findAndModify in separate steps, so that two clients may both take the same one. In MongoDB each of these is atomic; the relay
// makes it so by letting one write through at a time. It also adds an index that FerretDB's own queries can use: for want of it,
// every single document that is updated or deleted costs a scan of its collection.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
	_ "modernc.org/sqlite"
)

func main() {
	address := flag.String("listen", "127.0.0.1:27017", "where clients connect")
	socket := flag.String("socket", "", "a unix socket between relay and database")
	data := flag.String("data", "", "the folder for the data")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *address, *socket, *data); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, socket, data string) error {
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	os.Remove(socket) // Left by one that was killed.
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:  "sqlite",
		// The data have to outlive the process, not the machine.
		SQLiteURL: "file:" + filepath.ToSlash(data) + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go accept(listener, &database{socket: socket, data: data})
	err = server.Run(ctx)
	listener.Close()
	return err
}

// database is what the relay needs to know of it.
type database struct {
	socket, data string
	writes       sync.Mutex
}

func accept(listener net.Listener, to *database) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			if err := relay(client, to); err != nil && err != io.EOF {
				log.Print(err)
			}
		}()
	}
}

func relay(client net.Conn, to *database) error {
	server, err := dial(to.socket)
	if err != nil {
		return err
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return err
		}
		response, err := to.exchange(server, request)
		if err != nil {
			return err
		}
		if _, err := client.Write(response); err != nil {
			return err
		}
	}
}

// dial waits for a database that is still starting.
func dial(socket string) (net.Conn, error) {
	for attempt := 0; ; attempt++ {
		server, err := net.Dial("unix", socket)
		if err == nil || attempt == 100 {
			return server, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (d *database) exchange(server net.Conn, request []byte) ([]byte, error) {
	command, isAnswered := inspect(request)
	switch command {
	case "insert", "update", "delete", "findAndModify", "createIndexes":
		d.writes.Lock()
		defer d.writes.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if !isAnswered {
		return nil, nil
	}
	response, err := readMessage(server)
	if err == nil && command == "createIndexes" {
		if err := d.indexIds(databaseOf(request)); err != nil {
			log.Print(err)
		}
	}
	return response, err
}

// indexIds makes the index of ids over the very expression by which FerretDB asks for them.
func (d *database) indexIds(name string) error {
	file := filepath.Join(d.data, name+".sqlite")
	if _, err := os.Stat(file); name == "" || err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.Query("SELECT table_name FROM _ferretdb_collections")
	if err != nil {
		return err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return err
		}
		tables = append(tables, table)
	}
	for _, table := range tables {
		statement := fmt.Sprintf("CREATE INDEX IF NOT EXISTS %q ON %q (_ferretdb_sjson->'$._id')", table+"_ids", table)
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	return rows.Err()
}

// databaseOf finds the name of the database in a command: the text under the key "$db".
func databaseOf(request []byte) string {
	const key = "\x02$db\x00"
	at := bytes.Index(request, []byte(key))
	start := at + len(key) + 4
	if at < 0 || start > len(request) {
		return ""
	}
	name, _, _ := bytes.Cut(request[start:], []byte{0})
	return string(name)
}

const (
	headerSize = 16
	maxSize    = 48_000_000
	opMsg      = 2013
	moreToCome = 1 << 1
)

func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < headerSize || size > maxSize {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	message := make([]byte, size)
	copy(message, header)
	_, err := io.ReadFull(from, message[headerSize:])
	return message, err
}

// inspect tells the name of the command, which is the first key of the first document, and whether an answer is wanted.
func inspect(request []byte) (command string, isAnswered bool) {
	const flagsAt, firstKeyAt = headerSize, headerSize + 4 + 1 + 4 + 1
	if binary.LittleEndian.Uint32(request[12:]) != opMsg || len(request) < firstKeyAt {
		return "", true
	}
	isAnswered = binary.LittleEndian.Uint32(request[flagsAt:])&moreToCome == 0
	for end := firstKeyAt; end < len(request); end++ {
		if request[end] == 0 {
			return string(request[firstKeyAt:end]), isAnswered
		}
	}
	return "", isAnswered
}
