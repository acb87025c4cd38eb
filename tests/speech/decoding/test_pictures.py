import base64
import io
import struct

import av
import numpy as np
import pytest

from speech.decoding import ogg as ogg_module
from speech.decoding.ogg_pages import Pages, without_pictures
from speech.reference_audio import decode_reference, describe_source
from tests.speech.audio_files import CountingFile, add_track, encode, fill, sine

PICTURE = np.random.default_rng(0).bytes(3_000_000)
TONE = sine(1.0, channels=2)


def id3_tag():
    def number(n):
        return bytes(n >> shift & 0x7F for shift in (21, 14, 7, 0))

    body = b"\0image/png\0\3\0" + PICTURE
    frame = b"APIC" + number(len(body)) + b"\0\0" + body
    return b"ID3\4\0\0" + number(len(frame)) + frame


def footed_id3_tag():
    tag = id3_tag()
    header = tag[:5] + b"\x10" + tag[6:10]
    return header + tag[10:] + b"3DI" + header[3:]


def flac_picture():
    sizes = struct.pack(">IIII", 3000, 3000, 24, 0)
    mime = struct.pack(">I", 9) + b"image/png"
    return (
        struct.pack(">I", 3) + mime + bytes(4) + sizes + struct.pack(">I", len(PICTURE)) + PICTURE
    )


def flac():
    data = encode("flac", "flac", TONE)
    block = b"\6" + len(flac_picture()).to_bytes(3, "big") + flac_picture()
    assert not data[4] & 0x80, "STREAMINFO is not the last block"
    return data[:42] + block + data[42:]


def m4a(codec="aac"):
    def atom(name, *inside):
        body = b"".join(inside)
        return struct.pack(">I", len(body) + 8) + name + body

    data = encode("ipod", codec, TONE)
    at = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, at)
    assert at + size == len(data), "moov comes last"
    moov = data[at + 8 : data.index(b"udta") - 4]
    cover = atom(b"covr", atom(b"data", struct.pack(">II", 14, 0), PICTURE))
    handler = atom(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    meta = atom(b"meta", bytes(4), handler, atom(b"ilst", cover))
    return data[:at] + atom(b"moov", moov, atom(b"udta", meta))


def wav():
    data = encode("wav", "pcm_s16le", TONE)
    tag = id3_tag()
    chunk = b"id3 " + struct.pack("<I", len(tag)) + tag + b"\0" * (len(tag) % 2)
    data = data[:12] + chunk + data[12:]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def matroska(*attachments):
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        track = add_track(out, "libopus", channels=2)
        for attachment in attachments:
            out.add_attachment("cover.png", "image/png", attachment)
        fill(out, track, TONE)
    return file.getvalue()


def shifted_out(byte):
    """What a byte leaves of a checksum once its bits are shifted out."""
    crc = byte << 24
    for _ in range(8):
        crc = (crc << 1) ^ (0x104C11DB7 if crc & 0x80000000 else 0)
    return crc


REMAINDERS = [shifted_out(byte) for byte in range(256)]


def ogg_checksum(data):
    crc = 0
    for byte in data:
        crc = (crc << 8) & 0xFFFFFFFF ^ REMAINDERS[crc >> 24 ^ byte]
    return crc


def page(like, number, flags, segments, body):
    header = bytearray(like[:27])
    header[5], header[26] = flags, len(segments)
    header[18:26] = struct.pack("<II", number, 0)
    header[6:14] = bytes(8) if any(size < 255 for size in segments) else b"\xff" * 8
    whole = bytes(header) + bytes(segments) + body
    return whole[:22] + struct.pack("<I", ogg_checksum(whole)) + whole[26:]


def ogg(codec, picture):
    """An Ogg file with `picture` in its comments, paged anew."""
    pages = Pages(io.BytesIO(encode("ogg", codec, TONE)))
    first, rest = pages.take(), []
    while not pages.are_over():
        rest.append(pages.take())
    comments = b"METADATA_BLOCK_PICTURE=" + base64.b64encode(picture)
    fields = struct.pack("<I4sII", 4, b"test", 1, len(comments)) + comments
    if codec == "libopus":
        packets = [b"OpusTags" + fields]
    else:
        packets = [b"\3vorbis" + fields + b"\1", vorbis_setup(rest[0])]
    segments = [size for p in packets for size in (*[255] * (len(p) // 255), len(p) % 255)]
    body, made = b"".join(packets), [first]
    for at in range(0, len(segments), 255):
        some = segments[at : at + 255]
        goes_on = at > 0 and segments[at - 1] == 255
        made.append(page(first, len(made), int(goes_on), some, body[: sum(some)]))
        body = body[sum(some) :]
    return b"".join(made + rest[1:])


def vorbis_setup(page):
    """The second packet of a page, which is the last in it."""
    segments = page[27 : 27 + page[26]]
    end = next(at for at, size in enumerate(segments) if size < 255) + 1
    return page[27 + page[26] + sum(segments[:end]) :]


SMALL = PICTURE[:300_000]  # its checksums are computed here
PICTURED = {
    "mp3": lambda: (
        id3_tag() + encode("mp3", "libmp3lame", TONE),
        encode("mp3", "libmp3lame", TONE),
    ),
    "aac": lambda: (id3_tag() + encode("adts", "aac", TONE), encode("adts", "aac", TONE)),
    "tagged flac": lambda: (id3_tag() + encode("flac", "flac", TONE), encode("flac", "flac", TONE)),
    "footed flac": lambda: (
        footed_id3_tag() + encode("flac", "flac", TONE),
        encode("flac", "flac", TONE),
    ),
    "flac": lambda: (flac(), encode("flac", "flac", TONE)),
    "m4a": lambda: (m4a(), encode("ipod", "aac", TONE)),
    "alac": lambda: (m4a("alac"), encode("ipod", "alac", TONE)),
    "matroska": lambda: (matroska(PICTURE, PICTURE), matroska()),
    "wav": lambda: (wav(), encode("wav", "pcm_s16le", TONE)),
}


@pytest.mark.parametrize("make_files", PICTURED.values(), ids=PICTURED)
def test_picture_is_not_read_and_changes_nothing(make_files):
    pictured, plain = make_files()
    file = CountingFile(pictured)
    np.testing.assert_array_equal(decode_reference(file), decode_reference(io.BytesIO(plain)))
    assert file.num_read < 1_500_000 < len(PICTURE)
    file = CountingFile(pictured)
    describe_source(file)
    assert file.num_read < 1_500_000


@pytest.mark.parametrize("size", [1, 10, 100, 300, 20_000])
def test_attachment_of_any_size_leaves_the_audio_alone(size):
    expected = decode_reference(io.BytesIO(matroska()))
    np.testing.assert_array_equal(decode_reference(io.BytesIO(matroska(PICTURE[:size]))), expected)


@pytest.mark.parametrize("codec", ["libopus", "vorbis"])
def test_picture_in_ogg_comments_never_reaches_the_decoder(codec, monkeypatch):
    given = []

    class Link(ogg_module._Link):
        def read(self, size):
            given.append(super().read(size))
            return given[-1]

    monkeypatch.setattr(ogg_module, "_Link", Link)
    audio = decode_reference(io.BytesIO(ogg(codec, SMALL)))
    np.testing.assert_array_equal(audio, decode_reference(io.BytesIO(encode("ogg", codec, TONE))))
    assert sum(map(len, given)) < len(SMALL)


def test_small_pictures_in_ogg_comments_are_left_alone():
    data = ogg("libopus", PICTURE[:2000])
    pages, kept = Pages(io.BytesIO(data)), []
    while not pages.are_over():
        kept.append(pages.take())
    assert b"".join(without_pictures(kept)) == data
