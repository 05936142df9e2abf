"""A foreign end of framed TCP: the plain sockets of Python, nothing of this project.

foreign_peer.py client PORT [PEER_ID]   sends frames to a server and checks that each comes back
foreign_peer.py server [peer]           answers each frame of one client, reversed; prints its port first

With a peer id the first frame each way is the id. It prints what it got as one hexadecimal line a frame and exits with
0 when every byte was as it should be.
"""

import socket
import struct
import sys

PAYLOADS = [b"", b"hello", bytes(range(256)), b"\xff" * 4, b"x" * 100_000, b"\x00\x00\x00\x80"]


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if piece == b"":
            raise EOFError(f"the stream ended after {len(data)} of {count} bytes")
        data += piece
    return data


def read_frame(sock):
    (length,) = struct.unpack("<i", read_exactly(sock, 4))
    return read_exactly(sock, length)


def frame(payload):
    return struct.pack("<i", len(payload)) + payload


def client(port, peer_id):
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if peer_id is not None:
        sock.sendall(frame(peer_id))
        if read_frame(sock) != peer_id:
            sys.exit("the server did not repeat the id")
    for payload in PAYLOADS:
        sock.sendall(frame(payload))
        answer = read_frame(sock)
        print(answer[:16].hex(), flush=True)
        if answer != payload:
            sys.exit(f"sent {len(payload)} bytes and got {len(answer)} others")
    sock.sendall(b"".join(frame(payload) for payload in PAYLOADS))
    sock.shutdown(socket.SHUT_WR)
    for payload in PAYLOADS:
        if read_frame(sock) != payload:
            sys.exit("the answers to ten frames in one write differ")
    if sock.recv(1) != b"":
        sys.exit("there are bytes behind the last answer")
    sock.close()


def server(with_peer_id):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    print(listener.getsockname()[1], flush=True)
    sock, _ = listener.accept()
    sock.settimeout(10)
    if with_peer_id:
        peer_id = read_frame(sock)
        sock.sendall(frame(peer_id))
        print(peer_id.hex(), flush=True)
    while True:
        head = sock.recv(4, socket.MSG_WAITALL)
        if head == b"":
            break
        payload = read_exactly(sock, struct.unpack("<i", head)[0])
        print(payload[:16].hex(), flush=True)
        sock.sendall(frame(payload[::-1]))
    sock.close()
    listener.close()


if sys.argv[1] == "client":
    client(int(sys.argv[2]), sys.argv[3].encode("ascii") if len(sys.argv) > 3 else None)
else:
    server(len(sys.argv) > 2)
