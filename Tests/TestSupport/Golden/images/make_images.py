"""Makes the fixtures of this folder, awkward_jpegs excepted (its README tells where those come from).

    python make_images.py BCCD_IMAGES

BCCD_IMAGES is Sources/AlignDetCLI/BuiltIn/bccd/images/val. Made with Python 3.11.7, Pillow 13.0.0, OpenCV 5.0.0,
NumPy 2.4.6; checked: OpenCV 4.6.0 with Pillow 10.4.0 makes every file the same.
Pixels are digested by CRC-32 of the RGB bytes, rows from the top.
"""
import json
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

here = Path(__file__).parent
bccd = Path(sys.argv[1])
(here / "exif").mkdir(exist_ok=True)
(here / "png").mkdir(exist_ok=True)
(here / "full").mkdir(exist_ok=True)


def crc(pixels):
    return zlib.crc32(np.ascontiguousarray(pixels).tobytes())


def write_ppm(path, pixels):
    pixels = np.ascontiguousarray(pixels)
    path.write_bytes(b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def rgb(path):
    return np.asarray(Image.open(path).convert("RGB"))


def noise(width, height):
    """Values that the test computes the same way."""
    i = np.arange(width * height * 3, dtype=np.uint64)
    return (((i * 2654435761) >> 13) & 255).astype(np.uint8).reshape(height, width, 3)


# Photographs: a built-in one as it is, the awkward files' testorig (227 x 149), and a small cut of the first.
source = sorted(bccd.glob("*.jpg"))[0]
(here / "photo.jpg").write_bytes(source.read_bytes())
photo = rgb(source)
testorig = rgb(here / "awkward_jpegs/expected/testorig.ppm")
small = photo[200:240, 300:348].copy()
write_ppm(here / "full/small.ppm", small)
low_contrast = (small // 4 + 90).astype(np.uint8)
grey_only = np.full((9, 11, 3), 77, np.uint8)
two_by_two = small[:2, :2].copy()
sources = {
    "photo": photo, "testorig": testorig, "small": small, "lowContrast": low_contrast, "uniform": grey_only,
    "twoByTwo": two_by_two, "noise64x48": noise(64, 48),
}
golden = {"photoName": source.name, "sources": {k: crc(v) for k, v in sources.items()}}

# EXIF: one picture, stored eight ways. No chroma subsampling, so that decoders agree to the bit.
exif = []
for value in range(1, 9):
    block = Image.Exif()
    block[0x0112] = value
    path = here / f"exif/orientation_{value}.jpg"
    Image.fromarray(small[:21, :30]).save(path, quality=92, subsampling=0, exif=block.tobytes())
    stored = Image.open(path)
    turned = np.asarray(ImageOps.exif_transpose(stored))
    exif.append({
        "file": f"exif/orientation_{value}.jpg", "width": turned.shape[1], "height": turned.shape[0],
        "stored": crc(np.asarray(stored.convert("RGB"))), "turned": crc(turned)})
golden["exif"] = exif


# PNG: every kind of pixel. Chunks written by hand where Pillow cannot.
def chunk(kind, contents):
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def png(width, height, depth, colour, rows, interlaced=0, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def filterless(array):
    return b"".join(b"\0" + row.tobytes() for row in array)


def adam7(array):
    steps = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    return b"".join(filterless(np.ascontiguousarray(array[y::dy, x::dx])) for x, y, dx, dy in steps)


tiny = small[:13, :17].copy()
grey = tiny[:, :, 1].copy()
height, width = grey.shape
alpha = np.dstack([tiny, (np.arange(height * width) * 7 % 256).astype(np.uint8).reshape(height, width)])
wide = (tiny.astype(np.uint32) * 257 + np.arange(height * width * 3, dtype=np.uint32).reshape(tiny.shape) * 37) % 65536
bits = np.packbits(grey > 128, axis=1)
triple = lambda g: np.repeat(g[:, :, None], 3, axis=2)
palette = np.arange(48, dtype=np.uint8).reshape(16, 3) * 5
index = (grey // 16).astype(np.uint8)
orientation = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
scaled = ((wide * 255 + 32895) >> 16).astype(np.uint8)
pngs = {
    "rgb": (png(width, height, 8, 2, filterless(tiny)), tiny),
    "rgb_interlaced": (png(width, height, 8, 2, adam7(tiny), 1), tiny),
    "rgb_gamma": (png(width, height, 8, 2, filterless(tiny), 0, chunk(b"gAMA", struct.pack(">I", 100000))), tiny),
    "rgb_transparent_colour": (
        png(width, height, 8, 2, filterless(tiny), 0, chunk(b"tRNS", struct.pack(">HHH", *map(int, tiny[0, 0])))), tiny),
    "rgb_exif_6": (png(width, height, 8, 2, filterless(tiny), 0, chunk(b"eXIf", orientation)), np.rot90(tiny, -1)),
    "rgba": (png(width, height, 8, 6, filterless(alpha)), tiny),
    "grey": (png(width, height, 8, 0, filterless(grey)), triple(grey)),
    "grey_alpha": (png(width, height, 8, 4, filterless(alpha[:, :, [1, 3]])), triple(grey)),
    "grey_1bit": (png(width, height, 1, 0, filterless(bits)), triple((grey > 128).astype(np.uint8) * 255)),
    "palette": (png(width, height, 8, 3, filterless(index), 0, chunk(b"PLTE", palette.tobytes())), palette[index]),
    "palette_transparent": (
        png(width, height, 8, 3, filterless(index), 0,
            chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", bytes(range(0, 256, 16)))), palette[index]),
    "rgb_16bit": (png(width, height, 16, 2, filterless(wide.astype(">u2"))), scaled),
    "grey_16bit": (png(width, height, 16, 0, filterless(wide[:, :, 0].astype(">u2"))), triple(scaled[:, :, 0])),
}
golden["png"] = []
for name, (contents, expected) in pngs.items():
    path = here / f"png/{name}.png"
    path.write_bytes(contents)
    mode = Image.open(path).mode
    if "16bit" not in name and "exif" not in name:  # Pillow cuts 16 bits off instead of scaling, and does not turn.
        assert (rgb(path) == expected).all(), name
    golden["png"].append({
        "file": f"png/{name}.png", "width": expected.shape[1], "height": expected.shape[0], "crc": crc(expected)})

# Resize.
golden["resize"] = []
cases = [
    ("photo", sizes) for sizes in [
        (1067, 800), (853, 640), (896, 672), (320, 240), (213, 160), (500, 375), (640, 481), (641, 480), (61, 46),
        (640, 20), (20, 480), (1333, 1000), (1, 1), (1024, 1)]
] + [("testorig", s) for s in [(346, 227), (1219, 800), (100, 66), (227, 300), (114, 75)]] + [
    ("small", s) for s in [(96, 80), (24, 20), (77, 33), (144, 120), (400, 333)]
] + [("twoByTwo", s) for s in [(1, 1), (3, 3), (4, 4), (101, 57)]] + [
    ("noise64x48", s) for s in [(127, 95), (63, 47), (333, 250), (32, 24), (21, 16), (1000, 7)]]
for name, size in cases:
    result = cv2.resize(sources[name], size, interpolation=cv2.INTER_LINEAR)
    golden["resize"].append({"source": name, "width": size[0], "height": size[1], "crc": crc(result)})
for width, height in [(1, 1), (2, 1), (5, 7), (3, 200), (31, 17)]:
    for size in [(8, 8), (13, 1), (1, 13), (50, 70), (17, 31)]:
        result = cv2.resize(noise(width, height), size, interpolation=cv2.INTER_LINEAR)
        golden["resize"].append({
            "source": f"noise{width}x{height}", "width": size[0], "height": size[1], "crc": crc(result)})
        golden["sources"][f"noise{width}x{height}"] = crc(noise(width, height))
write_ppm(here / "full/resize_77x33.ppm", cv2.resize(small, (77, 33), interpolation=cv2.INTER_LINEAR))
write_ppm(here / "full/resize_20x16.ppm", cv2.resize(small, (20, 16), interpolation=cv2.INTER_LINEAR))


# Photometric operations, each built as the AlignDet code builds it on Pillow.
def operate(kind, magnitude, pixels):
    image = Image.fromarray(pixels)
    factor = magnitude / 10 * 1.8 + 0.1
    if kind == "identity":
        return pixels
    if kind == "autoContrast":
        return np.asarray(ImageOps.autocontrast(image))
    if kind == "equalize":
        return np.asarray(ImageOps.equalize(image))
    if kind == "solarize":
        threshold = min(int(magnitude / 10 * 256), 255)
        return np.where(pixels < threshold, pixels, 255 - pixels)
    if kind == "posterize":
        return np.asarray(ImageOps.posterize(image, 4 - int(magnitude / 10 * 4)))
    enhancer = getattr(ImageEnhance, kind.capitalize())
    return np.asarray(enhancer(image).enhance(factor))


golden["color"] = []
kinds = ["identity", "autoContrast", "equalize", "solarize", "color", "contrast", "brightness", "sharpness", "posterize"]
for name in ["photo", "testorig", "small", "lowContrast", "uniform", "twoByTwo", "noise64x48"]:
    for kind in kinds:
        constant = kind in ("identity", "autoContrast", "equalize")
        for magnitude in [5] if constant or name == "photo" else range(1, 10):
            result = operate(kind, magnitude, sources[name])
            golden["color"].append({"source": name, "kind": kind, "magnitude": magnitude, "crc": crc(result)})
for kind in kinds[1:]:
    write_ppm(here / f"full/{kind}_7.ppm", operate(kind, 7, small))

# Normalisation of every value in every channel, by the two calls of mmcv's imnormalize.
ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3).astype(np.float32)
mean = np.float64([[123.675, 116.28, 103.53]])
reciprocal = 1 / np.float64([[58.395, 57.12, 57.375]])
cv2.subtract(ramp, (*mean[0], 0), ramp)
cv2.multiply(ramp, (*reciprocal[0], 0), ramp)
(here / "normalized_ramp.f32").write_bytes(ramp.astype("<f4").tobytes())

(here / "golden.json").write_text(json.dumps(golden, indent=0) + "\n")
