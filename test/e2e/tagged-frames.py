"""Frames with a VLAN tag on a card, by packet sockets: a kernel may be without devices for VLANs.

tagged-frames.py echo CARD          sends what comes back to its sender, tag and all; prints its MAC address first
tagged-frames.py send CARD MAC N    sends N frames of VLAN 5, priority 3, to that station, and prints how many came back as they were sent
"""

import socket
import struct
import sys

ETHERTYPE, TAG = 0x88B5, bytes.fromhex('81006005')  # [IEEE 802, 9.2.4]
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TAG_IS_VALID = 1 << 4

role, card = sys.argv[1:3]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
wire.settimeout(10)
wire.bind((card, 3))
own = wire.getsockname()[4]


def heard():
    """Returns the next frame for this station that has the tag: the kernel tells it beside the frame."""
    while True:
        frame, extra, _, (_, _, kind, _, _) = wire.recvmsg(9234, 64)
        if kind == PACKET_OUTGOING or frame[:6] != own or not extra:
            continue
        status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', extra[0][2][:20])
        if status & TAG_IS_VALID:
            return frame[:12] + struct.pack('>HH', tpid, tci) + frame[12:]


if role == 'echo':
    wire.settimeout(None)
    print(own.hex(':'), flush=True)
    while True:
        frame = heard()
        wire.send(frame[6:12] + frame[:6] + frame[12:])

station, count = bytes.fromhex(sys.argv[3].replace(':', '')), int(sys.argv[4])
same = 0
for number in range(count):
    payload = bytes((number * 7 + i) % 251 for i in range(46 + number * 64))
    rest = TAG + struct.pack('>H', ETHERTYPE) + payload
    wire.send(station + own + rest)
    same += heard() == own + station + rest
print(f'{same} came back', flush=True)
