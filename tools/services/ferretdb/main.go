// FerretDB on SQLite behind a relay, for tests: FerretDB 1.x reads and writes the documents of an update, a delete or a
// findAndModify in separate steps, so that two clients may both take the same one. In MongoDB each of these is atomic; the relay
// makes it so by letting one write through at a time.
package main

import (
	"context"
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
	database, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socket},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
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
	go accept(listener, socket)
	err = database.Run(ctx)
	listener.Close()
	return err
}

func accept(listener net.Listener, socket string) {
	var writes sync.Mutex
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			if err := relay(client, socket, &writes); err != nil && err != io.EOF {
				log.Print(err)
			}
		}()
	}
}

func relay(client net.Conn, socket string, writes *sync.Mutex) error {
	server, err := dial(socket)
	if err != nil {
		return err
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return err
		}
		response, err := exchange(server, request, writes)
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

func exchange(server net.Conn, request []byte, writes *sync.Mutex) ([]byte, error) {
	command, isAnswered := inspect(request)
	switch command {
	case "insert", "update", "delete", "findAndModify":
		writes.Lock()
		defer writes.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if !isAnswered {
		return nil, nil
	}
	return readMessage(server)
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
