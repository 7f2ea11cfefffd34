"""A host behind EtherIP, by scapy: etherip-peer.py LOCAL REMOTE. It is 10.77.0.200, and answers ARP and pings. A line on standard input asks
for a station: its address. What it answers is printed."""

import sys

from scapy.all import ARP, AsyncSniffer, Ether, ICMP, IP, IPv6, bind_layers, conf, send
from scapy.contrib.etherip import EtherIP

local, remote = sys.argv[1:]
mac, address = '02:00:00:00:00:c8', '10.77.0.200'
outer = IPv6(src=local, dst=remote, nh=97) if ':' in remote else IP(src=local, dst=remote, proto=97)
bind_layers(IPv6, EtherIP, nh=97)
conf.verb = 0


def say(text):
    print(text, flush=True)


def tell(frame):
    send(outer / EtherIP() / frame)


def is_ours(packet):
    return EtherIP in packet and packet[1].src == remote and packet[EtherIP].version == 3 and packet[EtherIP].reserved == 0


def hear(packet):
    frame = packet[EtherIP].payload
    if ARP in frame and frame[ARP].pdst == address:
        hear_arp(frame[ARP])
    elif ICMP in frame and frame[IP].dst == address:
        hear_echo(frame)


def hear_arp(arp):
    if arp.op == 1:
        tell(Ether(src=mac, dst=arp.hwsrc) / ARP(op=2, hwsrc=mac, psrc=address, hwdst=arp.hwsrc, pdst=arp.psrc))
        return
    say(f'{arp.psrc} is at {arp.hwsrc}')
    tell(Ether(src=mac, dst=arp.hwsrc) / IP(src=address, dst=arp.psrc) / ICMP(id=4660, seq=1) / (b'\xa5' * 1000))


def hear_echo(frame):
    echo = frame[ICMP]
    if echo.type == 8:
        say(f'{frame[IP].src} pings')
        reply = IP(src=address, dst=frame[IP].src) / ICMP(type=0, id=echo.id, seq=echo.seq) / echo.payload
        tell(Ether(src=mac, dst=frame.src) / reply)
    elif echo.type == 0 and echo.id == 4660 and bytes(echo.payload) == b'\xa5' * 1000:
        say(f'{frame[IP].src} answers')


sniffer = AsyncSniffer(iface='far', lfilter=is_ours, prn=hear, store=False, started_callback=lambda: say('listening'))
sniffer.start()
for line in sys.stdin:
    tell(Ether(src=mac, dst='ff:ff:ff:ff:ff:ff') / ARP(op=1, hwsrc=mac, psrc=address, pdst=line.strip()))
