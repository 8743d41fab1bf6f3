"""Digests of what pycocotools makes of 10,000 pairs of random masks: texts, areas, bounding boxes, union, intersection and
decoded pixels. Half of the masks are bitmaps, half polygons with corners anywhere from a picture's size left of it to one
right of it. RLEMaskDigestTests.swift draws the same masks.

Run in this folder: python make_digests.py. Made with pycocotools 2.0.11, numpy 2.4.6. Takes a minute.
"""

import json

import numpy
from pycocotools import mask

CASES, BLOCK = 10_000, 500
WORD = (1 << 64) - 1


class Draws:
    """SplitMix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & WORD
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        return z ^ (z >> 31)

    def below(self, limit):
        return self.word() % limit


def bitmap(draws, width, height):
    """Each pixel inside with one probability, or a few rectangles."""
    pixels = numpy.zeros(width * height, numpy.uint8)
    if draws.below(2) == 0:
        density = draws.below(257)
        for i in range(0, width * height, 8):
            word = draws.word()
            for k in range(min(8, width * height - i)):
                pixels[i + k] = (word >> (8 * k)) & 255 < density
        return pixels.reshape(height, width)
    pixels = pixels.reshape(height, width)
    for _ in range(draws.below(4)):
        x, y = draws.below(width), draws.below(height)
        w, h = draws.below(width - x) + 1, draws.below(height - y) + 1
        pixels[y:y + h, x:x + w] = 1
    return pixels


def polygon(draws, width, height):
    """Corners in hundredths of a pixel, or in fifths, where rounding ties."""
    unit = 100 if draws.below(2) == 0 else 10
    corners = []
    for _ in range(3 + draws.below(10)):
        for side in (width, height):
            corners.append((draws.below(3 * side * unit) - side * unit) / unit)
    return corners


def drawn(draws, width, height):
    if draws.below(2) == 0:
        return mask.encode(numpy.asfortranarray(bitmap(draws, width, height)))
    parts = [polygon(draws, width, height) for _ in range(1 + draws.below(2))]
    return mask.merge(mask.frPyObjects(parts, height, width))


def digest(text, value):
    """FNV-1a, 64 bits."""
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & WORD
    return value


def line(draws):
    width, height = 1 + draws.below(80), 1 + draws.below(60)
    pair = [drawn(draws, width, height), drawn(draws, width, height)]
    all_four = [*pair, mask.merge(pair), mask.merge(pair, intersect=True)]
    words = [f"{width}x{height}"]
    for one in all_four:
        box = [int(v) for v in mask.toBbox(one)]
        pixels = mask.decode(one)
        # Where the inside pixels lie, by sums that any change of a pixel changes.
        place = int((pixels.astype(numpy.int64) * (numpy.arange(pixels.size).reshape(pixels.shape) + 1)).sum())
        words.append(f"{one['counts'].decode()} {int(mask.area(one))} {box} {place}")
    return "\n".join(words) + "\n"


def main():
    draws = Draws(2026)
    digests = []
    for _ in range(CASES // BLOCK):
        value = 0xCBF29CE484222325
        for _ in range(BLOCK):
            value = digest(line(draws), value)
        digests.append(f"{value:016x}")
    with open("digests.json", "w") as file:
        json.dump({"seed": 2026, "block": BLOCK, "digests": digests}, file, indent=1)


main()
