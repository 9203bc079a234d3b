#!/usr/bin/env python3
"""Packs the build machine's zoneinfo into one C++ source: pack_zones.py ZONEINFO OUTPUT.cpp

Each zone becomes a small TZif file (RFC 8536): no version 1 block, no transitions before 1970 but
the one in force then, nothing about leap seconds. What is equal after that is stored once. The
output depends on the zones alone, so that builds stay reproducible.

Left out: posix/ and right/ (the same again, and with leap seconds), and names that are no zones.
"""
import os
import struct
import sys

NOT_ZONES = {"Factory", "localtime", "posixrules"}
NOT_FOLDERS = {"posix", "right"}
HEADER = struct.Struct(">4sc15x6I")  # magic, version, six counts


def read_zones(root):
    zones = {}
    for folder, folders, files in os.walk(root):
        if folder == root:
            folders[:] = [name for name in folders if name not in NOT_FOLDERS]
        for file in files:
            path = os.path.join(folder, file)
            name = os.path.relpath(path, root).replace(os.sep, "/")
            if name in NOT_ZONES:
                continue
            with open(path, "rb") as stream:
                data = stream.read()
            if data[:4] == b"TZif":
                zones[name] = data
    return zones


def block_size(counts, time_size):
    isut, isstd, leap, time, kind, char = counts
    return time * (time_size + 1) + kind * 6 + char + leap * (time_size + 4) + isstd + isut


def shrink(name, data):
    """The zone from 1970 on, as a TZif file of version 2."""
    if data[4:5] < b"2":
        sys.exit(f"pack_zones: {name} is a TZif file of version 1; install a current tzdata")
    skip = HEADER.size + block_size(HEADER.unpack_from(data)[2:], 4)
    counts = HEADER.unpack_from(data, skip)[2:]
    _, _, leap, time_count, kind_count, char_count = counts
    if leap:
        sys.exit(f"pack_zones: {name} counts leap seconds; it must not")
    at = skip + HEADER.size
    footer = data[at + block_size(counts, 8):]
    times = struct.unpack_from(f">{time_count}q", data, at)
    at += time_count * 8
    indexes = data[at:at + time_count]
    at += time_count
    kinds = [struct.unpack_from(">iBB", data, at + 6 * i) for i in range(kind_count)]
    at += kind_count * 6
    abbreviations = data[at:at + char_count]

    # The last transition up to 1970 stays, where there is one: what holds before the first one is type 0, but
    # not to every reader.
    first = max((i for i, time in enumerate(times) if time <= 0), default=0)
    times, indexes = times[first:], indexes[first:]

    used, chars = [], b""

    def renumbered(index):
        nonlocal chars
        offset, is_dst, begin = kinds[index]
        text = abbreviations[begin:abbreviations.index(b"\0", begin) + 1]
        if text not in chars:
            chars += text
        kind = struct.pack(">iBB", offset, is_dst, chars.index(text))
        if kind not in used:
            used.append(kind)
        return used.index(kind)

    if not times or times[0] > 0:
        renumbered(0)
    new_indexes = bytes(map(renumbered, indexes))
    return b"".join((
        HEADER.pack(b"TZif", b"2", 0, 0, 0, 0, 0, 0),
        HEADER.pack(b"TZif", b"2", 0, 0, 0, len(times), len(used), len(chars)),
        struct.pack(f">{len(times)}q", *times),
        new_indexes,
        b"".join(used),
        chars,
        footer,
    ))


def pack(zones):
    """(entries, bytes): an entry is (name offset, data offset, name size, data size)."""
    entries, blob, stored = [], bytearray(), {}
    for name in sorted(zones, key=lambda name: name.encode()):
        data = shrink(name, zones[name])
        if data not in stored:
            stored[data] = len(blob)
            blob += data
        entries.append((name.encode(), stored[data], len(data)))
    packed = []
    for name, data_offset, data_size in entries:
        packed.append((len(blob), data_offset, len(name), data_size))
        blob += name
    return packed, bytes(blob)


def literal(data):
    # Three octal digits each: they cannot run into what follows, as hex escapes would.
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in data)


def write_source(path, entries, blob):
    with open(path, "w", encoding="ascii") as out:
        out.write('// Written by src/model/pack_zones.py.\n#include "model/embedded_zones.h"\n\n'
                  "namespace pawl {\nnamespace {\n\nconstexpr EmbeddedZone kZones[] = {\n")
        for entry in entries:
            out.write("    {%d, %d, %d, %d},\n" % entry)
        out.write("};\n\nconstexpr char kBytes[] =\n")
        for at in range(0, len(blob), 64):
            out.write(f'    "{literal(blob[at:at + 64])}"\n')
        out.write("    ;\n\n}  // namespace\n\nconst EmbeddedZoneTable& embedded_zones() {\n"
                  "  static constexpr EmbeddedZoneTable kTable{kZones, {kBytes, sizeof kBytes - 1}};\n"
                  "  return kTable;\n}\n\n}  // namespace pawl\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    zones = read_zones(sys.argv[1])
    if "Europe/Berlin" not in zones:
        sys.exit(f"pack_zones: no zones under {sys.argv[1]}; install tzdata")
    write_source(sys.argv[2], *pack(zones))


if __name__ == "__main__":
    main()
