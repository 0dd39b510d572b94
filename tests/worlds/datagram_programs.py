"""Programs that move datagrams: for programs.Program."""

from __future__ import annotations

SINK = """
import socket, sys
address = sys.argv[1]
sink = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
sink.bind((address, 0))
print(sink.getsockname()[1], flush=True)
while True:
    part, peer = sink.recvfrom(1 << 16)
    if part.startswith(b"?"):
        sink.sendto(part, peer)
"""
"""Arguments: address. Swallows datagrams, answers those that ask; prints its port first."""

DATAGRAMS = """
import os, socket, sys, time
address, port, processes, count, size, segment = sys.argv[1], *map(int, sys.argv[2:])

def send():
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        if segment:
            sender.setsockopt(socket.IPPROTO_UDP, 103, segment)  # UDP_SEGMENT
        for number in range(count):
            sender.sendto(bytes(size), (address, port))
            if number % 50 == 49:
                time.sleep(0.001)
        sender.sendto(b"?", (address, port))
        sender.recv(1)

for _ in range(processes):
    if processes == 1:
        send()
    elif not (child := os.fork()):
        send()
        os._exit(0)
    elif os.waitpid(child, 0)[1]:
        sys.exit("a process failed")
"""
"""Arguments: address, port, processes, datagrams of each, bytes of each, bytes of a segment or 0.

Each process, one after the other, ends with a datagram of one byte that is answered.
"""

PING = """
import os, socket, struct, sys
address, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
identity = os.getpid() & 0xffff
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
    for number in range(count):
        body = bytes(size)
        checksum = 0x0800 + identity + number
        checksum = ~((checksum & 0xffff) + (checksum >> 16)) & 0xffff
        sender.sendto(struct.pack("!BBHHH", 8, 0, checksum, identity, number) + body, (address, 0))
        sender.recv(1 << 16)
"""
"""Arguments: address, count, bytes. Echo requests by a raw socket, each answered before the next."""

QUIC_SERVER = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from aioquic.asyncio import serve
from aioquic.quic.configuration import QuicConfiguration

def answer(reader, writer):
    async def send():
        size = int(await reader.readline())
        writer.write(bytes(size))
        writer.write_eof()
    tasks.append(asyncio.ensure_future(send()))

async def main():
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["test"])
    configuration.load_cert_chain(sys.argv[3], sys.argv[4])
    await serve(sys.argv[2], 4433, configuration=configuration, stream_handler=answer)
    print(4433, flush=True)
    await asyncio.Future()

tasks = []
asyncio.run(main())
"""
"""Arguments: folder of packages, address, certificate, key. Sends as many bytes as it is asked for."""

QUIC_CLIENT = """
import asyncio, ssl, sys
sys.path.insert(0, sys.argv[1])
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration

async def main():
    configuration = QuicConfiguration(alpn_protocols=["test"], verify_mode=ssl.CERT_NONE)
    async with connect(sys.argv[2], 4433, configuration=configuration) as connection:
        reader, writer = await connection.create_stream()
        writer.write(sys.argv[3].encode() + b"\\n")
        print(len(await reader.read()))

asyncio.run(main())
"""
"""Arguments: folder of packages, address, size. Prints how many bytes it got."""
