# SPDX-License-Identifier: GPL-3.0-or-later
# stranger.py - what a port answers to packets that no honest client sends, byte by byte: run on another host.
"""usage: stranger.py INTERFACE ADDRESS PORT...

One JSON object on stdout: probe -> port -> list of answers, in terms that are the same for ports that behave alike.
"""
import json
import socket
import struct
import sys
import time

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
SEQ, ACKNO = 0x10203040, 0x55667788
WAIT = 0.15


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(src, dst, length, protocol):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, protocol, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, protocol)


def tcp(src, dst, sport, dport, flags, options=b"", data=b"", bad=False, seq=SEQ, doff=None, window=1024, urgent=0):
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if doff is None else doff
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ACKNO if flags & ACK else 0, words << 4, flags, window, 0, urgent)
    body = head + options + data
    c = checksum(pseudo(src, dst, len(body), 6) + body) ^ (0x5555 if bad else 0)
    return body[:16] + struct.pack("!H", c) + body[18:]


def ip4(src, dst, body, tos=0, ttl=64, options=b"", offset=0, more=False, ident=0x1234):
    options += b"\0" * (-len(options) % 4)
    size = 20 + len(options)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | size // 4, tos, size + len(body), ident, more << 13 | offset // 8, ttl, 6, 0,
                       src, dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ip6(src, dst, body, tos=0, ttl=64, following=6):
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20, len(body), following, ttl, src, dst) + body


# name -> what differs from a plain SYN
FLAGS = {"syn": SYN, "ack": ACK, "fin": FIN, "null": 0, "xmas": FIN | PSH | URG, "finack": FIN | ACK, "synack": SYN | ACK,
         "rst": RST, "rstack": RST | ACK, "synfin": SYN | FIN, "synrst": SYN | RST, "psh": PSH, "urg": URG, "pshack": PSH | ACK,
         "ecn": SYN | ECE | CWR, "ecefin": FIN | ECE, "all": 255, "synurg": SYN | URG, "synpsh": SYN | PSH}
TCP = {
    "syn-data": dict(flags=SYN, data=b"hello"),
    "fin-data": dict(flags=FIN, data=b"hello"),
    "null-data": dict(flags=0, data=b"hello"),
    "ack-data": dict(flags=ACK | PSH, data=b"SSH-2.0-x\r\n"),
    "syn-bad": dict(flags=SYN, bad=True),
    "fin-bad": dict(flags=FIN, bad=True),
    "syn-wrap": dict(flags=SYN, seq=0xffffffff),
    "syn-mss": dict(flags=SYN, options=bytes.fromhex("020405b40402080a000000010000000001030307")),
    "syn-option-short": dict(flags=SYN, options=bytes.fromhex("02010000")),
    "syn-option-unknown": dict(flags=SYN, options=bytes.fromhex("fd08010203040506")),
    "syn-md5": dict(flags=SYN, options=bytes.fromhex("1312") + bytes(16)),
    "syn-fastopen": dict(flags=SYN, options=bytes.fromhex("220a0102030405060708"), data=b"x"),
    "syn-multipath": dict(flags=SYN, options=bytes.fromhex("1e0c00810102030405060708")),
    "syn-window0": dict(flags=SYN, window=0),
    "syn-doff4": dict(flags=SYN, doff=4),
    "syn-doff15": dict(flags=SYN, doff=15),
}
IP = {"tos": dict(tos=0x48), "ecn-ip": dict(tos=0x03), "ttl1": dict(ttl=1), "ttl255": dict(ttl=255)}
OPTIONS4 = {"nop": b"\x01\x01\x01\x01", "record-route": b"\x07\x0b\x04" + bytes(8), "timestamp": b"\x44\x0c\x05\x00" + bytes(8),
            "loose-route": b"\x83\x07\x04\x0a\x53\x00\x01", "broken": b"\x07\x02\x00\x00", "alert": b"\x94\x04\x00\x00"}
EXTENSIONS6 = {"hop-by-hop": 0, "destination": 60, "fragment-whole": 44, "destination-broken": 60}


def packets(src, dst, sport, dport):
    """Yields (name, source port, list of packets): each probe from a port of its own."""
    v4 = len(src) == 4
    ip = ip4 if v4 else ip6

    def probe(name, body_options, **ip_options):
        nonlocal sport
        sport += 1
        return name, sport, [ip(src, dst, tcp(src, dst, sport, dport, **body_options), **ip_options)]

    for name, flags in FLAGS.items():
        yield probe(name, dict(flags=flags))
        for other, how in IP.items():
            yield probe(f"{name}/{other}", dict(flags=flags), **how)
    for name, how in TCP.items():
        yield probe(name, how)
    for flags in ("syn", "ack", "fin", "null"):
        if v4:
            for name, options in OPTIONS4.items():
                yield probe(f"{flags}/{name}", dict(flags=FLAGS[flags]), options=options)
        sport += 1
        body = tcp(src, dst, sport, dport, FLAGS[flags], data=b"fragments of it")
        if v4:
            yield f"{flags}/fragments", sport, [ip4(src, dst, body[:8], more=True, ident=sport),
                                                ip4(src, dst, body[8:], offset=8, ident=sport)]
            sport += 1
            body = tcp(src, dst, sport, dport, FLAGS[flags], data=b"fragments of it")
            yield f"{flags}/fragments-backwards", sport, [ip4(src, dst, body[24:], offset=24, ident=sport),
                                                          ip4(src, dst, body[:24], more=True, ident=sport)]
        else:
            for name, kind in EXTENSIONS6.items():
                sport += 1
                body = tcp(src, dst, sport, dport, FLAGS[flags])
                head = struct.pack("!BBHI", 6, 0, 0, sport) if kind == 44 else struct.pack("!BBBBI", 6, 0, 1, 4, 0)
                if name == "destination-broken":
                    head = struct.pack("!BBBBI", 6, 0, 0x9e, 4, 0)
                yield f"{flags}/{name}", sport, [ip6(src, dst, head + body, following=kind)]
            sport += 1
            body = tcp(src, dst, sport, dport, FLAGS[flags], data=b"fragments of it")
            yield f"{flags}/fragments", sport, [
                ip6(src, dst, struct.pack("!BBHI", 6, 0, 1, sport) + body[:24], following=44),
                ip6(src, dst, struct.pack("!BBHI", 6, 0, 24, sport) + body[24:], following=44)]


def number(value, ours):
    """A sequence number in terms of ours."""
    for name, base in (("seq", SEQ), ("wrap", 0xffffffff), ("ack", ACKNO)):
        if ours and (value - base) % 2**32 < 64:
            return f"{name}+{(value - base) % 2**32}"
    return value


def describe_tcp(src, dst, body, port):
    sport, dport, seq, ack, words, flags, window, _, urgent = struct.unpack("!HHIIBBHHH", body[:20])
    return {"tcp": "asked" if sport == port else sport, "flags": flags, "seq": number(seq, True), "ack": number(ack, True),
            "window": window, "urgent": urgent, "options": body[20:].hex(),
            "good": checksum(pseudo(src, dst, len(body), 6) + body) == 0}, dport


def describe_icmp(body, port, v4):
    inner = body[8:]
    head = (inner[0] & 15) * 4 if v4 else 40
    sport, dport = struct.unpack("!HH", inner[head:head + 4])
    quoted = inner[head:]
    answer = {"icmp": body[0], "code": body[1], "quoted": "asked" if dport == port else dport, "length": len(body)}
    if v4 and len(quoted) >= 20:
        whole = int.from_bytes(inner[2:4], "big") - head
        if len(quoted) >= whole:
            answer["quoted good"] = checksum(pseudo(inner[12:16], inner[16:20], whole, 6) + quoted[:whole]) == 0
        answer["good"] = checksum(body) == 0
    elif not v4 and len(quoted) >= 20 and inner[6] == 6:
        answer["quoted good"] = checksum(pseudo(inner[8:24], inner[24:40], len(quoted), 6) + quoted) == 0
    return answer, sport


def describe(packet, port):
    """(what of an answer a stranger can tell apart, the port that it came to), or None."""
    if packet[0] >> 4 == 4:
        size = (packet[0] & 15) * 4
        tos, length, ident, flags, ttl, protocol = struct.unpack("!xBHHHBB", packet[:10])
        ip = {"tos": tos, "id": ident != 0, "fragment": flags, "ttl": ttl, "options": packet[20:size].hex()}
        if packet[20:21] == b"\x44":  # timestamps: the time differs, the form does not
            ip["options"] = packet[20:24].hex() + str(size)
        src, dst, body = packet[12:16], packet[16:20], packet[size:length]
    else:
        first, length, protocol, ttl = struct.unpack("!IHBB", packet[:8])
        ip = {"tos": first >> 20 & 255, "label": first & 0xfffff != 0, "ttl": ttl}
        src, dst, body = packet[8:24], packet[24:40], packet[40:40 + length]
    if protocol == 6:
        answer, to = describe_tcp(src, dst, body, port)
    elif (protocol == 1 and body[0] in (3, 11, 12)) or (protocol == 58 and body[0] < 5):
        answer, to = describe_icmp(body, port, protocol == 1)
    else:
        return None
    return {**ip, **answer}, to


def ask_once(interface, address, port, base):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.connect((address, 9))
        source = s.getsockname()[0]
    src, dst = socket.inet_pton(family, source), socket.inet_pton(family, address)
    ethertype = 0x86dd if family == socket.AF_INET6 else 0x0800
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ethertype))
    listener.bind((interface, ethertype))
    sender = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    answers, names = {}, {}
    for name, sport, sent in packets(src, dst, base, port):
        names[sport] = name
        answers[name] = []
        for packet in sent:
            sender.sendto(packet, (address, 0))
    end = time.monotonic() + WAIT
    while (left := end - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            packet, where = listener.recvfrom(65535)
        except TimeoutError:
            break
        if where[2] == socket.PACKET_OUTGOING:
            continue
        found = describe(packet, port)
        if found and found[1] in names:
            answers[names[found[1]]].append(found[0])
            end = time.monotonic() + WAIT
    return answers


def ask(interface, address, port, base):
    """What is asked once more, where an id was nought: a counter passes there once in 65,536 packets, a constant stays."""
    answers, again = ask_once(interface, address, port, base), None
    for name, first in answers.items():
        if any(answer.get("id") is False for answer in first):
            again = again or ask_once(interface, address, port, base + 500)
            for answer, other in zip(first, again[name]):
                answer["id"] = answer.get("id") or other.get("id")
    return answers


def main():
    interface, address, *ports = sys.argv[1:]
    table = {}
    for i, port in enumerate(ports):
        for name, answers in ask(interface, address, int(port), 20000 + 1000 * i).items():
            table.setdefault(name, {})[port] = answers
    print(json.dumps(table))


main()
