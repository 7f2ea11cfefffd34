"""IPv4 packets of any content, by raw sockets.

raw-packets.py                  sends them from any source: a line on standard input is `SOURCE DESTINATION PROTOCOL PAYLOAD`, the payload in
                                hexadecimal digits. An empty line is answered by `sent`.
raw-packets.py watch SOURCE     prints `watching`, then those that come from there, as `PROTOCOL PAYLOAD`
"""

import socket
import struct
import sys


def send():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for line in sys.stdin:
        words = line.split()
        if not words:
            print('sent', flush=True)
            continue
        source, destination, protocol, payload = words
        # The kernel fills in the length, the number and the checksum. [raw(7)]
        header = struct.pack('>BBHHHBBH', 0x45, 0, 0, 0, 0, 64, int(protocol), 0) + socket.inet_aton(source) + socket.inet_aton(destination)
        raw.sendto(header + bytes.fromhex(payload), (destination, 0))


def watch(source):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    print('watching', flush=True)
    while True:
        packet = wire.recv(65535)
        if packet[12:16] == socket.inet_aton(source):
            print(packet[9], packet[20:].hex(), flush=True)


if sys.argv[1:2] == ['watch']:
    watch(sys.argv[2])
else:
    send()
